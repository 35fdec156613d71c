package dev.eigenseg.graph.vector;

import dev.eigenseg.api.Progress;
import dev.eigenseg.api.internal.kernel.VectorMath;
import dev.eigenseg.api.internal.resource.LargeMemory;
import dev.eigenseg.api.spi.Availability;
import dev.eigenseg.api.spi.KnnIndex;
import dev.eigenseg.api.spi.ResumableKnnEngine;
import dev.eigenseg.api.tensor.Tensor;
import dev.eigenseg.graph.exact.ExactSearch;
import dev.eigenseg.graph.exact.VectorModule;
import dev.eigenseg.graph.ivf.IvfPlan;
import dev.eigenseg.graph.ivf.IvfSearch;
import dev.eigenseg.graph.ivf.KeptIvfSearch;
import dev.eigenseg.graph.rows.NeighborLists;
import dev.eigenseg.graph.rows.PreparedRows;
import dev.eigenseg.graph.rows.RowRange;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;

/**
 * The embedded engine: exact, or by inverted lists. Similarities are one float32 chain of fused
 * multiply-adds over the channels in order: equal input gives equal bytes at any thread count,
 * memory and vector length. Stateless.
 */
public final class VectorKnnEngine implements ResumableKnnEngine {
  // Rows of a typical list, and what gathering rows and candidates cost beside the products.
  private static final int LISTS_BLOCK = 160;
  private static final double LISTS_OVERHEAD = 1.5;

  private final ExactSearch exact = new ExactSearch(new VectorTiles());

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
    return VectorModule.availability();
  }

  @Override
  public boolean supports(KnnIndex.Kind kind) {
    return kind != KnnIndex.Kind.HNSW;
  }

  @Override
  public String details() {
    return VectorMath.selection()
        + LargeMemory.refusal().map(reason -> "; no huge pages: " + reason).orElse("; huge pages");
  }

  @Override
  public Cost predict(Request request) {
    return byLists(request) ? predictLists(request) : exact.predict(request);
  }

  private static boolean byLists(Request request) {
    return request.index().kind() == KnnIndex.Kind.IVF;
  }

  private Cost predictLists(Request request) {
    request.check();
    IvfPlan plan = IvfPlan.of(request);
    double tiles = plan.multiplyAdds() / ((double) LISTS_BLOCK * LISTS_BLOCK * plan.dim());
    long bytes = new KeptIvfSearch(request, Progress.NONE).peakBytes();
    double seconds = tiles * exact.secondsOfTile(LISTS_BLOCK, plan.dim()) * LISTS_OVERHEAD;
    int workers = Math.min(request.threads(), Runtime.getRuntime().availableProcessors());
    return new Cost(seconds / workers, bytes);
  }

  @Override
  public KnnIndex search(Request request, Tensor ids, Tensor similarities, Progress progress)
      throws IOException {
    if (!byLists(request)) {
      exact.search(request, ids, similarities, progress);
      return KnnIndex.EXACT;
    }
    ExactSearch.require(request, ids, similarities);
    IvfSearch search = new IvfSearch(request, progress);
    try (PreparedRows rows =
        PreparedRows.measure(request.features(), true, request.threads(), progress)) {
      return search.run(rows, NeighborLists.of(ids, similarities));
    } catch (UncheckedIOException e) {
      throw e.getCause();
    }
  }

  @Override
  public boolean resumes(KnnIndex.Kind kind) {
    return supports(kind);
  }

  @Override
  public KeptSearch search(
      Request request, long firstRow, long endRow, Place place, Progress progress)
      throws IOException {
    RowRange range = new RowRange(firstRow, endRow);
    if (!byLists(request)) {
      return exact.search(request, range, place, progress);
    }
    request.check();
    return new KeptIvfSearch(request, progress).search(range, place);
  }

  @Override
  public void prepare(Request request, SharedIndex index, Progress progress) throws IOException {
    if (byLists(request)) {
      request.check();
      new KeptIvfSearch(request, progress).prepare(index);
    }
  }

  @Override
  public void discard(Path target) throws IOException {
    KeptIvfSearch.discard(target);
  }
}
