package dev.eigenseg.api.internal.file;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Path;

/** Makes named pipes, where the system has them. */
final class Pipes {
  private Pipes() {}

  /** Makes one; skips the test where there are none. */
  static Path make(Path pipe) throws IOException, InterruptedException {
    Process made;
    try {
      made = new ProcessBuilder("mkfifo", pipe.toString()).start();
    } catch (IOException e) {
      assumeTrue(false, "no mkfifo: " + e.getMessage());
      throw e;
    }
    assumeTrue(made.waitFor() == 0, "no named pipes here");
    return pipe;
  }
}
