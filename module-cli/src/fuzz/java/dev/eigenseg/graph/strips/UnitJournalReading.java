package dev.eigenseg.graph.strips;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Map;

/** Lets the fuzzer into this package. */
public final class UnitJournalReading {
  private UnitJournalReading() {}

  /** Opens it as a search that goes on does. */
  public static void read(Path file) throws IOException {
    UnitJournal.read(file)
        .ifPresent(journal -> {
          journal.committed();
          journal.difference(Map.of("rows", "18"));
        });
  }
}
