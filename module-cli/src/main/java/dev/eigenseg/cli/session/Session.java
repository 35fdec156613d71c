package dev.eigenseg.cli.session;

import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import dev.eigenseg.api.BadInputException;
import dev.eigenseg.api.Progress;
import dev.eigenseg.api.internal.file.AtomicFile;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * One run of a command: where its messages go, its progress, its stage times and the inputs that it
 * had to skip.
 */
public final class Session {
  private static final int DEFAULT_WIDTH = 100;

  private final Surroundings surroundings;
  private final CommonOptions options;
  private final PrintStream messages;
  private final Progress progress;
  private final Stages stages = new Stages();
  private final List<String> skipped = new ArrayList<>();
  private boolean failed;

  public Session(Surroundings surroundings, CommonOptions options) {
    this.surroundings = surroundings;
    this.options = options;
    this.messages = options.jsonOnStdout() ? surroundings.err() : surroundings.out();
    this.progress = progress(surroundings, options);
    options.json().flatMap(JsonTarget::file).ifPresent(Session::checkFolder);
  }

  private static Progress progress(Surroundings surroundings, CommonOptions options) {
    if (options.quiet()) {
      return Progress.stoppedBy(surroundings.cancellation()::requested);
    }
    return surroundings.terminal()
        ? new TerminalProgress(surroundings.err(), surroundings.cancellation(), terminalWidth())
        : new PlainProgress(surroundings.err(), surroundings.cancellation(), System::nanoTime);
  }

  // Shells export COLUMNS only sometimes; a bar that is a little short harms nobody.
  private static int terminalWidth() {
    try {
      return Integer.parseInt(Optional.ofNullable(System.getenv("COLUMNS")).orElse("")) - 1;
    } catch (NumberFormatException e) {
      return DEFAULT_WIDTH;
    }
  }

  /** Fails before the work if a result could not take this name after it. */
  public static void checkFile(Path file) {
    checkFolder(file);
    AtomicFile.requireReplaceable(file);
  }

  /** Likewise for a text, which may also go to a device or a pipe. */
  public static void checkFolder(Path file) {
    Path folder = file.toAbsolutePath().getParent();
    if (folder == null || !Files.isDirectory(folder)) {
      throw new BadInputException(
          "cannot write " + file + ": there is no folder " + folder + "; create it first");
    }
    if (Files.isDirectory(file)) {
      throw new BadInputException("cannot write " + file + ": it is a folder; name a file");
    }
  }

  /** Where messages go: standard output, unless that is for JSON. */
  PrintStream messages() {
    return messages;
  }

  public CommonOptions options() {
    return options;
  }

  public Progress progress() {
    return progress;
  }

  public int threads() {
    return options.threads();
  }

  /**
   * Threads of one tensor operation where images are worked on at the same time: {@link #threads()}
   * divided by the images in work, so that both together are no more than the user allows.
   */
  public int threadsPerImage(int images) {
    return threads() / Math.clamp(images, 1, threads());
  }

  public long seed() {
    return options.seed();
  }

  public Stages stages() {
    return stages;
  }

  /** Times a stage; stops before it if the user wants that. */
  public <T> T stage(String name, Stages.Work<T> work) throws IOException {
    progress.checkCancelled();
    return stages.time(name, work);
  }

  /** A message for the user, left out by {@code --quiet}. */
  public void say(String message) {
    if (!options.quiet()) {
      result(message);
    }
  }

  /** What the user asked for: printed even by {@code --quiet}. */
  public void result(String text) {
    clearLine();
    messages.println(text);
  }

  /** Something that the user should know. */
  public void warn(String message) {
    clearLine();
    surroundings.err().println("eigenseg: " + message);
  }

  private void clearLine() {
    if (progress instanceof TerminalProgress terminal) {
      terminal.clearLine();
    }
  }

  /** Counts an input that could not be used; the command ends with exit code 1. */
  public void skip(String input, Throwable reason) {
    skip(input, Failures.message(reason));
  }

  /** Likewise, with the reason as text. */
  public void skip(String input, String reason) {
    synchronized (skipped) {
      skipped.add(reason.contains(input) ? reason : input + ": " + reason);
    }
  }

  /** Says that the answer is no: the command ends with exit code 1, its JSON is written. */
  public void fail(String message) {
    failed = true;
    warn(message);
  }

  /** What was skipped, for {@code --json}. */
  public JsonArray skippedJson() {
    JsonArray json = new JsonArray();
    skipped.forEach(json::add);
    return json;
  }

  /**
   * Ends the run: writes the JSON, lists what was skipped, says how long the stages took. Returns
   * the exit code.
   */
  int finish(JsonObject result) throws IOException {
    if (options.json().isPresent()) {
      options.json().get().write(result, surroundings.out());
    }
    if (!skipped.isEmpty()) {
      warn("skipped " + skipped.size() + (skipped.size() == 1 ? " input:" : " inputs:"));
      skipped.forEach(line -> surroundings.err().println("  " + line));
    }
    if (!stages.isEmpty()) {
      say("done in " + stages.summary());
    }
    return skipped.isEmpty() && !failed ? 0 : Failures.EXIT_FAILED;
  }
}
