package dev.eigenseg.graph.vector;

import dev.eigenseg.api.Progress;
import dev.eigenseg.api.internal.kernel.Gemm;
import dev.eigenseg.api.internal.kernel.VectorMath;
import dev.eigenseg.api.spi.Availability;
import dev.eigenseg.api.spi.KnnEngine;
import dev.eigenseg.api.spi.KnnIndex;
import dev.eigenseg.api.tensor.DType;
import dev.eigenseg.api.tensor.Tensor;
import dev.eigenseg.graph.ivf.IvfPlan;
import dev.eigenseg.graph.ivf.IvfSearch;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/**
 * The embedded engine: exact, or by inverted lists. Similarity is the dot product of the rows
 * divided by their norms, one float32 chain of fused multiply-adds over the channels in order:
 * equal input gives equal bytes at any thread count, memory and vector length. Stateless.
 */
public final class VectorKnnEngine implements KnnEngine {
  private static final String VECTORS = "jdk.incubator.vector";

  // Reading and packing beside the products, and the cost of a candidate, selection included
  // (measured with 14,400 to 50,000 rows of 384 and 416 channels: 32 to 76 ns).
  private static final double PACKING = 1.1;
  private static final double SECONDS_OF_CANDIDATE = 50e-9;

  // Rows of a typical list, and what gathering rows and candidates cost beside the products.
  private static final int LISTS_BLOCK = 160;
  private static final double LISTS_OVERHEAD = 1.5;

  // A multiply-add takes microseconds in the interpreter, well below a nanosecond compiled, and a
  // tile of them would take longer than anybody waits for a prediction.
  private static final double NANOSECONDS_IF_COMPILED = 1;
  private static final long QUIET = 200_000_000;
  private static final long PATIENCE = 5_000_000_000L;

  /** For the service loader. */
  public VectorKnnEngine() {}

  @Override
  public String name() {
    return "vector";
  }

  @Override
  public int priority() {
    return 10;
  }

  @Override
  public Availability availability() {
    return ModuleLayer.boot().findModule(VECTORS).isPresent()
        ? Availability.YES
        : Availability.no("start java with --add-modules " + VECTORS);
  }

  @Override
  public boolean supports(KnnIndex.Kind kind) {
    return kind != KnnIndex.Kind.HNSW;
  }

  @Override
  public String details() {
    return VectorMath.selection();
  }

  @Override
  public Cost predict(Request request) {
    require(request);
    int workers = Math.min(request.threads(), Runtime.getRuntime().availableProcessors());
    if (request.index().kind() == KnnIndex.Kind.IVF) {
      IvfPlan lists = IvfPlan.of(request);
      double tile = (double) LISTS_BLOCK * LISTS_BLOCK * lists.dim();
      double seconds =
          lists.multiplyAdds() / tile * secondsOfTile(LISTS_BLOCK, lists.dim()) * LISTS_OVERHEAD;
      return new Cost(seconds / workers, lists.bytes());
    }
    JoinPlan plan = JoinPlan.of(request);
    double products = plan.tiles(0) * secondsOfTile(plan.block(), plan.dim()) * PACKING;
    double seconds = products + plan.rows() * candidates(plan) * SECONDS_OF_CANDIDATE;
    return new Cost(seconds / workers, plan.bytes());
  }

  /** Candidates of one row: its buffer once, then k more each time the rows seen have doubled. */
  private static double candidates(JoinPlan plan) {
    double doublings = Math.log((double) plan.rows() / plan.capacity()) / Math.log(2);
    return plan.capacity() + plan.k() * Math.max(0, doublings);
  }

  /** Times part of a tile once the compiler has caught up. */
  private static double secondsOfTile(int block, int dim) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment rows = arena.allocate(Gemm.packedRowBytes(JoinPlan.SCAN_ROWS, dim), 64);
      MemorySegment columns = arena.allocate(Gemm.packedColumnBytes(block, dim), 64);
      MemorySegment scores = arena.allocate((long) JoinPlan.SCAN_ROWS * block * Float.BYTES, 64);
      warmUp(rows, columns, dim, scores);
      long best = Long.MAX_VALUE;
      for (int i = 0; i < 20; i++) {
        best = Math.min(best, time(rows, JoinPlan.SCAN_ROWS, columns, block, dim, scores));
      }
      return best * 1e-9 * block / JoinPlan.SCAN_ROWS;
    }
  }

  /**
   * Multiplies single panels, a thousand times slower before they are compiled, until they are as
   * fast as compiled code must be and get no faster for a while.
   */
  private static void warmUp(
      MemorySegment rows, MemorySegment columns, int dim, MemorySegment scores) {
    double compiled = NANOSECONDS_IF_COMPILED * Gemm.rowPanel() * Gemm.columnPanel() * dim;
    long start = System.nanoTime();
    long improved = start;
    long best = Long.MAX_VALUE;
    for (long now = start; now - start < PATIENCE; now = System.nanoTime()) {
      long time = time(rows, Gemm.rowPanel(), columns, Gemm.columnPanel(), dim, scores);
      if (time < 0.8 * best) {
        best = time;
        improved = now;
      }
      if (best < compiled && now - improved > QUIET) {
        return;
      }
    }
  }

  private static long time(
      MemorySegment rows,
      int height,
      MemorySegment columns,
      int width,
      int dim,
      MemorySegment scores) {
    long start = System.nanoTime();
    Gemm.multiply(rows, height, columns, width, dim, scores, 0, width);
    return System.nanoTime() - start;
  }

  @Override
  public KnnIndex search(Request request, Tensor ids, Tensor similarities, Progress progress)
      throws IOException {
    require(request);
    requireResult("ids", ids, DType.I32, request);
    requireResult("similarities", similarities, DType.F32, request);
    if (request.index().kind() == KnnIndex.Kind.IVF) {
      return searchLists(request, NeighborLists.of(ids, similarities), progress);
    }
    search(JoinPlan.of(request), request, new TensorCandidates(ids, similarities), progress);
    return KnnIndex.EXACT;
  }

  private static KnnIndex searchLists(Request request, NeighborLists lists, Progress progress)
      throws IOException {
    IvfSearch search = new IvfSearch(request, progress);
    try (PreparedRows rows =
        PreparedRows.measure(request.features(), true, request.threads(), progress)) {
      return search.run(rows, lists);
    } catch (UncheckedIOException e) {
      throw e.getCause();
    }
  }

  /**
   * Searches among the pairs of rows whose first is in a range and whose second is not before the
   * range, and keeps what it finds in a file, which the caller then owns. Goes on where an earlier
   * search for the same was stopped.
   *
   * @throws dev.eigenseg.api.IncompatibleException if the unfinished search there is another
   */
  public CandidateFile search(
      Request request, RowRange range, CandidateFile.Place place, Progress progress)
      throws IOException {
    require(request);
    JoinPlan plan = JoinPlan.of(request, range);
    CandidateFile file = CandidateFile.open(place, plan.grid(), plan.k());
    try {
      if (file.finished() < file.grid().units()) {
        search(plan.continued(file.grid().stripRows(), request.memory()), request, file, progress);
      }
      return file;
    } catch (IOException | RuntimeException | Error e) {
      file.close();
      throw e;
    }
  }

  private static void search(
      JoinPlan plan, Request request, CandidateStore store, Progress progress) throws IOException {
    try (PreparedRows rows =
            PreparedRows.measure(request.features(), true, request.threads(), progress);
        SelfJoin join = new SelfJoin(plan, rows, store, progress)) {
      join.run();
    } catch (UncheckedIOException e) {
      throw e.getCause();
    }
  }

  private static void require(Request request) {
    long rows = request.features().rows();
    if (request.k() < 1 || request.k() >= rows || rows >= 1L << 32) {
      throw new IllegalArgumentException(
          "k must be at least 1 and less than the number of rows (below 2^32): k = %d, %d rows"
              .formatted(request.k(), rows));
    }
    if (request.threads() < 1) {
      throw new IllegalArgumentException("at least one thread, not " + request.threads());
    }
  }

  private static void requireResult(String what, Tensor tensor, DType dtype, Request request) {
    if (tensor.dtype() != dtype
        || tensor.rank() != 2
        || tensor.size(0) != request.features().rows()
        || tensor.size(1) != request.k()) {
      throw new IllegalArgumentException(
          "%s must be %s [%d, %d], found %s"
              .formatted(what, dtype, request.features().rows(), request.k(), tensor));
    }
  }
}
