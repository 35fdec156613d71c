package dev.eigenseg.train;

import dev.eigenseg.api.Provenance;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Map;

/** Lets the fuzzer into this package. */
public final class CheckpointReading {
  /** What the checkpoint's run is. */
  public static final Provenance WANTED =
      new Provenance(
          "train",
          new java.util.TreeMap<>(Map.of("a", "b")),
          new java.util.TreeMap<>(),
          0,
          new java.util.TreeMap<>());

  private CheckpointReading() {}

  /** Opens it as a run that goes on does. */
  public static void read(Path file) throws IOException {
    try (Checkpoint.Opened opened = Checkpoint.open(file, WANTED)) {
      opened.history().state();
    }
  }
}
