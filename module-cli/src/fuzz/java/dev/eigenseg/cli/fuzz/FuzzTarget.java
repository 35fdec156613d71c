package dev.eigenseg.cli.fuzz;

import com.sun.management.ThreadMXBean;
import dev.eigenseg.api.EigensegException;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Optional;

/**
 * What Jazzer calls: one input is a byte whose lowest bit says whether checksums are made to hold,
 * then a file. A finding is any exception but ours and {@link IOException}, more than {@value
 * #BYTES_PER_BYTE} bytes of the heap for each byte of the file beyond {@value #FREE_BYTES}, or more
 * than {@value #MOST_SECONDS} s of processor time.
 */
public final class FuzzTarget {
  private static final long BYTES_PER_BYTE = 256;
  private static final long FREE_BYTES = 8L << 20;
  private static final long MOST_SECONDS = 2;
  private static final int WARM_UP = 3;
  private static final ThreadMXBean THREADS =
      (ThreadMXBean) ManagementFactory.getThreadMXBean();

  private static Reader reader;
  private static Path folder;

  private FuzzTarget() {}

  /** Called once: the reader's name and an empty folder. */
  public static void fuzzerInitialize(String[] arguments) throws IOException {
    reader = Reader.named(arguments[0]);
    folder = Path.of(arguments[1]);
    Surroundings.make(folder);
    // Classes are loaded by the first readings, and count for none.
    byte[] seed = Files.readAllBytes(reader.file(folder));
    for (int i = 0; i < WARM_UP; i++) {
      reading(seed);
      reading(new byte[] {1, 2, 3});
    }
  }

  /** Called for every input. */
  public static void fuzzerTestOneInput(byte[] input) throws IOException {
    if (input.length == 0) {
      return;
    }
    byte[] content = Arrays.copyOfRange(input, 1, input.length);
    if ((input[0] & 1) != 0) {
      content = reader.sealed(content);
    }
    Optional<String> excess = excess(content);
    if (excess.isPresent()) {
      excess = excess(content); // the first time, parts of the JDK may have been made ready
    }
    if (excess.isPresent()) {
      throw new AssertionError(excess.get());
    }
  }

  private static Optional<String> excess(byte[] content) throws IOException {
    long bytes = THREADS.getCurrentThreadAllocatedBytes();
    long nanos = THREADS.getCurrentThreadCpuTime();
    reading(content);
    bytes = THREADS.getCurrentThreadAllocatedBytes() - bytes;
    nanos = THREADS.getCurrentThreadCpuTime() - nanos;
    boolean large = bytes > FREE_BYTES + BYTES_PER_BYTE * content.length;
    boolean slow = nanos > MOST_SECONDS * 1_000_000_000L;
    return large || slow
        ? Optional.of(
            "%d bytes and %.1f s for a file of %d bytes".formatted(bytes, nanos / 1e9, content.length))
        : Optional.empty();
  }

  private static void reading(byte[] content) throws IOException {
    Files.write(reader.file(folder), content);
    try {
      reader.read(folder);
    } catch (EigensegException | IOException e) {
      if (e.getMessage() == null || e.getMessage().isBlank()) {
        throw new AssertionError("an error that says nothing", e);
      }
    }
  }
}
