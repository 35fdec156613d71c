package dev.eigenseg.graph.ivf;

import dev.eigenseg.api.internal.resource.Closing;
import dev.eigenseg.api.spi.KnnIndex;
import dev.eigenseg.api.spi.ResumableKnnEngine;
import dev.eigenseg.api.tensor.DType;
import dev.eigenseg.api.tensor.Tensor;
import dev.eigenseg.graph.rows.NeighborLists;
import dev.eigenseg.graph.rows.NeighborRows;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.util.List;

/** Owns the result of a search that was so short that nothing of it is kept. */
final class KeptInMemory implements ResumableKnnEngine.KeptSearch {
  private final Tensor ids;
  private final Tensor similarities;
  private final KnnIndex index;
  private final float[] last;

  private KeptInMemory(Tensor ids, Tensor similarities, KnnIndex index, float[] last) {
    this.ids = ids;
    this.similarities = similarities;
    this.index = index;
    this.last = last;
  }

  /** Fills lists. */
  interface Search {
    KnnIndex run(NeighborLists lists) throws IOException;
  }

  /**
   * Searches.
   *
   * @param last as {@link #lastSimilarities} says
   */
  static KeptInMemory of(long rows, int k, float[] last, Search search) throws IOException {
    Tensor ids = Tensor.allocate(DType.I32, rows, k);
    Tensor similarities = null;
    try {
      similarities = Tensor.allocate(DType.F32, rows, k);
      KnnIndex index = search.run(NeighborLists.of(ids, similarities));
      return new KeptInMemory(ids, similarities, index, last);
    } catch (IOException | RuntimeException | Error e) {
      Closing.after(e, similarities == null ? List.of(ids) : List.of(ids, similarities));
      throw e;
    }
  }

  @Override
  public void read(long firstRow, int count, MemorySegment someIds, MemorySegment someSimilarities)
      throws IOException {
    NeighborRows.of(ids, similarities).read(firstRow, count, someIds, someSimilarities);
  }

  @Override
  public KnnIndex index() {
    return index;
  }

  @Override
  public float[] lastSimilarities() {
    return last.clone();
  }

  @Override
  public void delete() {
    close();
  }

  @Override
  public void close() {
    try (ids;
        similarities) {}
  }
}
