package dev.eigenseg.cli.faults;

import java.nio.file.Path;
import java.util.Optional;

/** Something that the library is for, small. */
public interface Scenario {
  /** What it is called. */
  String name();

  /** Why it cannot run here. */
  default Optional<String> missing() {
    return Optional.empty();
  }

  /** Whether it takes long, and has little of its own. */
  boolean isLong();

  /**
   * Does it.
   *
   * @param folder where results go; what is there already belongs to an earlier run that failed
   */
  void run(Path folder) throws Exception;
}
