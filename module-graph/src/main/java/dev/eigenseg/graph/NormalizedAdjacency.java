package dev.eigenseg.graph;

import dev.eigenseg.api.Progress;
import dev.eigenseg.api.internal.kernel.Parallel;
import dev.eigenseg.api.tensor.DType;
import dev.eigenseg.api.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * Owns a symmetric, degree-normalised adjacency D^-1/2 A D^-1/2, or a weighted sum of such, in
 * compressed rows outside the heap (8 bytes an entry). Rows of degree 0 are empty: they contribute
 * 0, never NaN. Thread-safe; equal input gives equal bytes at any thread count.
 */
public final class NormalizedAdjacency implements AutoCloseable {
  // Rows of one task: enough work to pay for the hand-out, few enough that uneven rows spread over
  // the threads.
  private static final long ROWS_PER_TASK = 64;

  private final SymmetricRows matrix;
  private final int threads;
  private final AtomicBoolean closed = new AtomicBoolean();

  private NormalizedAdjacency(SymmetricRows matrix, int threads) {
    this.matrix = matrix;
    this.threads = threads;
  }

  /** Normalises in place and takes ownership. */
  static NormalizedAdjacency normalizing(SymmetricRows raw, int threads) {
    try {
      raw.normalize(threads);
    } catch (RuntimeException | Error e) {
      raw.close();
      throw e;
    }
    return new NormalizedAdjacency(raw, threads);
  }

  /**
   * The feature graph's adjacency: S_uv = max(0, cos) for v among the k nearest of u, A = (S + S^T)
   * / 2. Needs 8 bytes a directed edge beside the result while it works.
   *
   * @throws dev.eigenseg.api.CorruptFileException if the graph was read from a file whose data have
   *     changed; see {@link KnnGraph#verify}
   */
  public static NormalizedAdjacency ofNeighbors(KnnGraph graph, int threads) {
    return normalizing(rawOfNeighbors(graph, threads), threads);
  }

  /** A = (S + S^T) / 2 before its normalisation. */
  static SymmetricRows rawOfNeighbors(KnnGraph graph, int threads) {
    // All of it is read here anyway, and a changed id would be an edge to a wrong row, or to none.
    graph.verify(Progress.NONE);
    return SymmetricRows.symmetrize(
        graph.rows(),
        graph.k(),
        graph.ids().segment(),
        graph.similarities().segment(),
        SymmetricRows.Union.MEAN,
        threads);
  }

  /**
   * The weighted sum a + alpha b as a matrix of its own; both stay with their owners. Works with as
   * many threads as a was made with.
   *
   * @throws IllegalArgumentException if their sizes differ
   */
  public static NormalizedAdjacency sum(NormalizedAdjacency a, float alpha, NormalizedAdjacency b) {
    if (a.rows() != b.rows()) {
      throw new IllegalArgumentException(
          "adjacencies of %d and %d rows cannot be added".formatted(a.rows(), b.rows()));
    }
    return new NormalizedAdjacency(
        SymmetricRows.sum(a.matrix(), alpha, b.matrix(), a.threads), a.threads);
  }

  /** The number of rows, and of columns. */
  public long rows() {
    return matrix.rows();
  }

  /** The number of stored entries, both directions of an edge counted. */
  public long entries() {
    return matrix().entries();
  }

  /**
   * Multiplies rows of this matrix with a dense matrix: {@code out = kappa[firstRow .. firstRow +
   * count, :] dense}.
   *
   * @param dense float32 {@code [rows, K]}
   * @param out receives the product, float32 {@code [count, K]}; must not overlap {@code dense}
   * @throws IllegalArgumentException if a shape or type does not fit
   * @throws IndexOutOfBoundsException if the rows are not all within this matrix
   */
  public void multiply(long firstRow, long count, Tensor dense, Tensor out, int threads) {
    if (firstRow < 0 || count < 0 || firstRow > rows() - count) {
      throw new IndexOutOfBoundsException(
          "rows %d to %d of %d".formatted(firstRow, firstRow + count, rows()));
    }
    requireShape("dense", dense, rows());
    requireShape("out", out, count);
    if (dense.size(1) != out.size(1)) {
      throw new IllegalArgumentException(
          "dense is %s, out is %s: other numbers of columns".formatted(dense, out));
    }
    SymmetricRows source = matrix();
    MemorySegment right = dense.segment();
    MemorySegment target = out.segment();
    long k = dense.size(1);
    long tasks = (count + ROWS_PER_TASK - 1) / ROWS_PER_TASK;
    Parallel.forEach(
        threads,
        tasks,
        task -> {
          long from = firstRow + task * ROWS_PER_TASK;
          long to = Math.min(from + ROWS_PER_TASK, firstRow + count);
          SparseProduct.rows(source, firstRow, from, to, right, k, target);
        });
  }

  private static void requireShape(String what, Tensor tensor, long rows) {
    if (tensor.dtype() != DType.F32 || tensor.rank() != 2 || tensor.size(0) != rows) {
      throw new IllegalArgumentException(
          "%s must be float32 [%d, K], found %s".formatted(what, rows, tensor));
    }
  }

  /** The compressed rows; borrowed. */
  SymmetricRows matrix() {
    if (closed.get()) {
      throw new IllegalStateException("the adjacency of " + matrix.rows() + " rows is closed");
    }
    return matrix;
  }

  @Override
  public void close() {
    if (closed.compareAndSet(false, true)) {
      matrix.close();
    }
  }
}
