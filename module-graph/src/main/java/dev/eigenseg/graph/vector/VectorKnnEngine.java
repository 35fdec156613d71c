package dev.eigenseg.graph.vector;

import dev.eigenseg.api.Progress;
import dev.eigenseg.api.internal.kernel.VectorMath;
import dev.eigenseg.api.spi.Availability;
import dev.eigenseg.api.spi.KnnEngine;
import dev.eigenseg.api.spi.KnnIndex;
import dev.eigenseg.api.tensor.Tensor;
import java.io.IOException;

/**
 * The embedded engine. Exact similarities are one float32 chain of fused multiply-adds over the
 * channels in order: equal input gives equal bytes at any thread count, memory and vector length.
 * Stateless.
 */
public final class VectorKnnEngine implements KnnEngine {
  private static final String VECTORS = "jdk.incubator.vector";

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
    return ModuleLayer.boot().findModule(VECTORS).isPresent()
        ? Availability.YES
        : Availability.no("start java with --add-modules " + VECTORS);
  }

  @Override
  public boolean supports(KnnIndex.Kind kind) {
    return kind == KnnIndex.Kind.EXACT;
  }

  @Override
  public String details() {
    return VectorMath.selection();
  }

  @Override
  public Cost predict(Request request) {
    return exact.predict(request);
  }

  @Override
  public void search(Request request, Tensor ids, Tensor similarities, Progress progress)
      throws IOException {
    exact.search(request, ids, similarities, progress);
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
    return exact.search(request, range, place, progress);
  }
}
