package dev.eigenseg.cli.session;

import java.io.BufferedOutputStream;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.charset.Charset;
import java.util.Locale;
import java.util.Optional;

/**
 * Standard output that remembers why it could not be written: a {@link PrintStream} keeps that to
 * itself, and a command whose results went nowhere would seem to have succeeded. After the first
 * failure nothing more is written, so that no output has holes. Thread-safe.
 */
public final class StandardOutput extends OutputStream {
  /** What a shell reports for a process that wrote into a pipe which nobody reads any more. */
  static final int EXIT_BROKEN_PIPE = 141;

  private final OutputStream target;
  private Optional<IOException> failure = Optional.empty();

  /**
   * @param target closed with this
   */
  StandardOutput(OutputStream target) {
    this.target = target;
  }

  /** That of this process. */
  public static StandardOutput ofProcess() {
    return new StandardOutput(
        new BufferedOutputStream(new FileOutputStream(FileDescriptor.out), 1 << 13));
  }

  /** Prints into this; every line is written at once. */
  public PrintStream printer(Charset charset) {
    return new PrintStream(this, true, charset);
  }

  @Override
  public synchronized void write(int value) throws IOException {
    write(new byte[] {(byte) value}, 0, 1);
  }

  @Override
  public synchronized void write(byte[] bytes, int offset, int count) throws IOException {
    attempt(() -> target.write(bytes, offset, count));
  }

  @Override
  public synchronized void flush() throws IOException {
    attempt(target::flush);
  }

  @FunctionalInterface
  private interface Attempt {
    void run() throws IOException;
  }

  private void attempt(Attempt work) throws IOException {
    if (failure.isPresent()) {
      throw failure.get();
    }
    try {
      work.run();
    } catch (IOException e) {
      failure = Optional.of(e);
      throw e;
    }
  }

  /**
   * What a command's exit code becomes if its output is lost. Says so on standard error, unless who
   * read has simply gone away.
   *
   * @param code of the command
   */
  public synchronized int judge(int code, PrintStream err) {
    try {
      flush();
    } catch (IOException e) {
      assert failure.isPresent();
    }
    if (failure.isEmpty()) {
      return code;
    }
    String reason = String.valueOf(failure.get().getMessage());
    if (reason.toLowerCase(Locale.ROOT).contains("broken pipe")) {
      return code == 0 ? EXIT_BROKEN_PIPE : code;
    }
    err.println("eigenseg: standard output could not be written, results are lost: " + reason);
    return code == 0 ? Failures.EXIT_FAILED : code;
  }

  @Override
  public synchronized void close() throws IOException {
    target.close();
  }
}
