package dev.eigenseg.graph;

import dev.eigenseg.api.Progress;
import dev.eigenseg.api.spi.KnnEngine;
import dev.eigenseg.api.tensor.Tensor;
import java.io.IOException;
import java.nio.file.Path;
import java.util.OptionalDouble;

/** Owns the k most similar rows of every row of a feature matrix. */
public final class KnnGraph implements AutoCloseable {
  private KnnGraph() {}

  /** Searches with an engine. */
  public static KnnGraph build(KnnEngine engine, KnnEngine.Request request, Progress progress)
      throws IOException {
    throw new UnsupportedOperationException("search with " + engine.name());
  }

  /** Maps a file that {@code write} wrote. */
  public static KnnGraph open(Path file) throws IOException {
    throw new UnsupportedOperationException("opening " + file);
  }

  /** The number of rows. */
  public long rows() {
    return 0;
  }

  /** Neighbours of each row. */
  public int k() {
    return 0;
  }

  /** The name of the engine that searched. */
  public String engine() {
    return "";
  }

  /** Whether the neighbours are exact. */
  public boolean exact() {
    return true;
  }

  /**
   * The measured fraction of true neighbours, if the search was approximate and it was measured.
   */
  public OptionalDouble recall() {
    return OptionalDouble.empty();
  }

  /** The neighbours' ids, i32 (unsigned), {@code [rows, k]}, by falling similarity; borrowed. */
  public Tensor ids() {
    throw new UnsupportedOperationException("ids");
  }

  /** Their cosine similarities, float32, {@code [rows, k]}; borrowed. */
  public Tensor similarities() {
    throw new UnsupportedOperationException("similarities");
  }

  @Override
  public void close() {}
}
