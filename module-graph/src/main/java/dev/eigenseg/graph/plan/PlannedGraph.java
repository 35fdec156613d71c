package dev.eigenseg.graph.plan;

import dev.eigenseg.api.spi.KnnEngine;
import dev.eigenseg.api.spi.KnnIndex;
import dev.eigenseg.api.tensor.DType;
import dev.eigenseg.api.tensor.FeatureRows;
import java.lang.foreign.MemorySegment;

/**
 * A graph of a bank that need not exist, searched by the embedded engine.
 *
 * @param rows patches
 * @param dim channels of a patch
 * @param dtype as the bank stores them, F16 or F32
 * @param k neighbours of a patch
 * @param index exact, or ivf with probes that are given or those of its default
 * @param memory bytes that a search may take
 */
public record PlannedGraph(long rows, int dim, DType dtype, int k, KnnIndex index, long memory) {
  /**
   * Checks that it can be searched.
   *
   * @throws IllegalArgumentException naming what cannot
   */
  public PlannedGraph {
    if (dim < 1 || memory < 1) {
      throw new IllegalArgumentException("%d channels, %d bytes".formatted(dim, memory));
    }
    if (dtype != DType.F16 && dtype != DType.F32) {
      throw new IllegalArgumentException("banks hold f16 or f32, not " + dtype);
    }
    if (index.kind() == KnnIndex.Kind.HNSW) {
      throw new IllegalArgumentException("a plan knows the indexes exact and ivf, not hnsw");
    }
    if (index.recall().isPresent()) {
      throw new IllegalArgumentException(
          "a plan has no patches on which probes could be chosen for a recall: give their number (--probes)");
    }
    request(rows, dim, k, memory, 1, index).check();
  }

  /** The same with other rows. */
  public PlannedGraph withRows(long newRows) {
    return new PlannedGraph(newRows, dim, dtype, k, index, memory);
  }

  /** The same in other memory. */
  PlannedGraph withMemory(long bytes) {
    return new PlannedGraph(rows, dim, dtype, k, index, bytes);
  }

  boolean exact() {
    return index.kind() == KnnIndex.Kind.EXACT;
  }

  long rowBytes() {
    return (long) dim * (dtype == DType.F16 ? Short.BYTES : Float.BYTES);
  }

  /** Bytes of so many lists of neighbours. */
  long listBytes(long lists) {
    return Math.multiplyExact(lists, (long) k * (Integer.BYTES + Float.BYTES));
  }

  /** Bytes of the features that are compared; a bank has others beside them. */
  public long bankBytes() {
    return Math.multiplyExact(rows, rowBytes());
  }

  /** Bytes of the graph. */
  public long graphBytes() {
    return listBytes(rows);
  }

  KnnEngine.Request request(int threads) {
    return request(rows, dim, k, memory, threads, index);
  }

  private static KnnEngine.Request request(
      long rows, int dim, int k, long memory, int threads, KnnIndex index) {
    return new KnnEngine.Request(new NoRows(rows, dim), k, memory, threads, index);
  }

  /** The shape of rows that are not there. */
  private record NoRows(long rows, int dim) implements FeatureRows {
    @Override
    public void read(long firstRow, long count, MemorySegment target) {
      throw new UnsupportedOperationException("a planned bank has no rows");
    }
  }
}
