package dev.eigenseg.cli.evaluate;

import java.io.IOException;
import java.nio.file.Path;

/** Lets the fuzzer into this package. */
public final class NamesReading {
  private NamesReading() {}

  /** Reads names of eight clusters. */
  public static void read(Path file) throws IOException {
    NamesFile.read(file, 8);
  }
}
