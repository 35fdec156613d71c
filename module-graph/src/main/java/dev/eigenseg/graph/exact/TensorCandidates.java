package dev.eigenseg.graph.exact;

import dev.eigenseg.api.tensor.Tensor;
import dev.eigenseg.graph.rows.NeighborRows;
import dev.eigenseg.graph.strips.CandidateStore;
import java.io.IOException;
import java.lang.foreign.MemorySegment;

/** Keeps candidates where the result is to be; borrows it. */
final class TensorCandidates implements CandidateStore {
  private final int k;
  private final NeighborRows lists;
  private final MemorySegment allIds;
  private final MemorySegment allSimilarities;

  TensorCandidates(Tensor ids, Tensor similarities) {
    this.k = Math.toIntExact(ids.size(1));
    this.lists = NeighborRows.of(ids, similarities);
    this.allIds = ids.segment();
    this.allSimilarities = similarities.segment();
  }

  @Override
  public void read(long firstRow, int count, MemorySegment ids, MemorySegment similarities)
      throws IOException {
    lists.read(firstRow, count, ids, similarities);
  }

  @Override
  public void write(
      long firstRow, int count, MemorySegment ids, MemorySegment similarities, long units) {
    MemorySegment.copy(ids, 0, allIds, offset(firstRow), offset(count));
    MemorySegment.copy(similarities, 0, allSimilarities, offset(firstRow), offset(count));
  }

  private long offset(long row) {
    return row * k * Integer.BYTES;
  }

  @Override
  public long finished() {
    return 0;
  }

  @Override
  public void finish(long units) {}

  @Override
  public boolean due() {
    return false;
  }
}
