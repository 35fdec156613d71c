package dev.eigenseg.graph.vector;

import dev.eigenseg.api.bank.FeatureBank;
import dev.eigenseg.api.bank.Level;
import dev.eigenseg.api.spi.KnnEngine;
import dev.eigenseg.graph.exact.JournaledSearch;
import java.io.IOException;
import java.nio.file.Path;

/**
 * Searches a bank in little memory, with a journal that is not forced to disk and with one that is,
 * in turns, and prints for each search whether it was, wall seconds, seconds of forcing, commits
 * and units, with tabs between: {@code JournalComparison BANK MEMORY_MIB THREADS ROUNDS TARGET}.
 */
final class JournalComparison {
  private static final int NEIGHBORS = 64;

  private JournalComparison() {}

  static void main(String[] arguments) throws IOException {
    long memory = Long.parseLong(arguments[1]) << 20;
    int threads = Integer.parseInt(arguments[2]);
    Path target = Path.of(arguments[4]);
    try (FeatureBank bank = FeatureBank.open(Path.of(arguments[0]))) {
      KnnEngine.Request request =
          new KnnEngine.Request(bank.level(Level.HIGH), NEIGHBORS, memory, threads);
      for (int round = 0; round < Integer.parseInt(arguments[3]); round++) {
        for (boolean forced : new boolean[] {false, true}) {
          JournaledSearch.Time time =
              JournaledSearch.time(new VectorTiles(), request, target, forced);
          System.out.printf(
              "%s\t%.2f\t%.2f\t%d\t%d%n",
              forced ? "forced" : "not",
              time.seconds(),
              time.forcing(),
              time.commits(),
              time.units());
        }
      }
    }
  }
}
