package dev.eigenseg.train.dataset;

import static org.junit.jupiter.api.Assertions.fail;

import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Assumptions;

/** Where tests find data that is not part of the sources. */
public final class ReferenceData {
  private ReferenceData() {}

  /** A folder named by a system property; without it the test is skipped, or fails in CI. */
  public static Path folder(String property, String child) {
    Path folder = Path.of(System.getProperty(property, "no-" + property)).resolve(child);
    if (!Files.isDirectory(folder)) {
      String reason = "no reference data in %s; set -D%s=DIR".formatted(folder, property);
      if (System.getenv("CI") != null) {
        fail(reason);
      }
      Assumptions.abort(reason);
    }
    return folder;
  }
}
