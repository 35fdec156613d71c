package dev.eigenseg.graph.kernel;

import dev.eigenseg.api.Progress;
import dev.eigenseg.api.internal.kernel.Parallel;
import dev.eigenseg.api.tensor.DType;
import dev.eigenseg.api.tensor.Tensor;
import dev.eigenseg.graph.KnnGraph;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * Owns a symmetric, degree-normalised adjacency D^-1/2 A D^-1/2, or a weighted sum of such, in
 * compressed rows (8 bytes an entry, 8 a row): in memory outside the heap, or in a temporary file
 * that is read through windows, as its {@link Workspace} demands. Rows of degree 0 are empty: they
 * contribute 0, never NaN. Thread-safe; equal input gives equal bytes with any number of threads
 * and in any workspace.
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
  static NormalizedAdjacency normalizing(SymmetricRows raw, int threads) throws IOException {
    try {
      raw.normalize(threads);
    } catch (IOException | RuntimeException | Error e) {
      raw.close();
      throw e;
    }
    return new NormalizedAdjacency(raw, threads);
  }

  /**
   * The feature graph's adjacency: S_uv = max(0, cos) for v among the k nearest of u, A = (S + S^T)
   * / 2. Edges are transposed in buckets that fit into the workspace.
   *
   * @throws dev.eigenseg.api.CorruptFileException if the graph was read from a file whose data have
   *     changed; see {@link KnnGraph#verify}
   * @throws IOException if a temporary file cannot be written
   */
  public static NormalizedAdjacency ofNeighbors(KnnGraph graph, Workspace space, int threads)
      throws IOException {
    return normalizing(rawOfNeighbors(graph, space, threads), threads);
  }

  /** A = (S + S^T) / 2 before its normalisation. */
  static SymmetricRows rawOfNeighbors(KnnGraph graph, Workspace space, int threads)
      throws IOException {
    // All of it is read here anyway, and a changed id would be an edge to a wrong row, or to none.
    graph.verify(Progress.NONE);
    DirectedEdges edges =
        new DirectedEdges(
            0, graph.rows(), graph.k(), graph.ids().segment(), graph.similarities().segment());
    edges.release(0, graph.rows());
    return SymmetricRowsBuilder.symmetrized(edges, SymmetricRowsBuilder.Union.MEAN, space, threads);
  }

  /**
   * The weighted sum a + alpha b as a matrix of its own; both stay with their owners. Works with as
   * many threads as a was made with, and in its workspace.
   *
   * @throws IllegalArgumentException if their sizes differ
   * @throws IOException if a temporary file cannot be written
   */
  public static NormalizedAdjacency sum(NormalizedAdjacency a, float alpha, NormalizedAdjacency b)
      throws IOException {
    if (a.rows() != b.rows()) {
      throw new IllegalArgumentException(
          "adjacencies of %d and %d rows cannot be added".formatted(a.rows(), b.rows()));
    }
    return new NormalizedAdjacency(
        SymmetricRowsBuilder.sum(a.matrix(), alpha, b.matrix(), a.threads), a.threads);
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
   * @param dense float32, or finite float16, {@code [rows, K]}
   * @param out receives the product, float32 {@code [count, K]}; must not overlap {@code dense}
   * @throws IllegalArgumentException if a shape or type does not fit
   * @throws IndexOutOfBoundsException if the rows are not all within this matrix
   * @throws IOException if a temporary file cannot be read
   */
  public void multiply(long firstRow, long count, Tensor dense, Tensor out, int threads)
      throws IOException {
    if (firstRow < 0 || count < 0 || firstRow > rows() - count) {
      throw new IndexOutOfBoundsException(
          "rows %d to %d of %d".formatted(firstRow, firstRow + count, rows()));
    }
    requireShape("dense", dense, rows(), dense.dtype() == DType.F16 ? DType.F16 : DType.F32);
    requireShape("out", out, count, DType.F32);
    if (dense.size(1) != out.size(1)) {
      throw new IllegalArgumentException(
          "dense is %s, out is %s: other numbers of columns".formatted(dense, out));
    }
    SymmetricRows source = matrix();
    long tasks = (count + ROWS_PER_TASK - 1) / ROWS_PER_TASK;
    try {
      Parallel.forEach(
          threads,
          tasks,
          task -> {
            long from = firstRow + task * ROWS_PER_TASK;
            long rows = Math.min(ROWS_PER_TASK, firstRow + count - from);
            multiply(source, from, rows, dense, out.slice(from - firstRow, rows));
          });
    } catch (UncheckedIOException e) {
      throw e.getCause();
    }
  }

  private static void multiply(
      SymmetricRows source, long first, long rows, Tensor dense, Tensor out) {
    try (SymmetricRows.Window window = source.windowHere(first, first + rows)) {
      SparseProduct.with(dense.dtype())
          .rows(window, first, rows, dense.segment(), dense.size(1), out.segment());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static void requireShape(String what, Tensor tensor, long rows, DType dtype) {
    if (tensor.dtype() != dtype || tensor.rank() != 2 || tensor.size(0) != rows) {
      throw new IllegalArgumentException(
          "%s must be %s [%d, K], found %s".formatted(what, dtype, rows, tensor));
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
