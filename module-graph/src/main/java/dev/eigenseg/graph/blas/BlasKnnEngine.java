package dev.eigenseg.graph.blas;

import dev.eigenseg.api.Progress;
import dev.eigenseg.api.spi.Availability;
import dev.eigenseg.api.spi.KnnEngine;
import dev.eigenseg.api.spi.KnnIndex;
import dev.eigenseg.api.tensor.Tensor;
import dev.eigenseg.graph.exact.ExactSearch;
import dev.eigenseg.graph.exact.VectorModule;
import java.io.IOException;

/**
 * The embedded exact search with the products of a BLAS. How a sum is rounded is the library's
 * affair, and depends on where a row stands: the same rows give the same bytes at any thread count
 * and memory, but neighbours of nearly equal similarity may stand in another order than with the
 * engine {@code vector}, and a search cannot be divided. Stateless.
 */
public final class BlasKnnEngine implements KnnEngine {
  private final ExactSearch exact = new ExactSearch(new BlasTiles());

  /** For the service loader. */
  public BlasKnnEngine() {}

  @Override
  public String name() {
    return "blas";
  }

  @Override
  public int priority() {
    return 1; // by name only: which product is faster depends on the processor and the library
  }

  @Override
  public Availability availability() {
    // The plan of a search and its lists are those of the engine vector.
    Availability vectors = VectorModule.availability();
    return vectors.available() ? BlasFile.find().availability() : vectors;
  }

  @Override
  public boolean supports(KnnIndex.Kind kind) {
    return kind == KnnIndex.Kind.EXACT;
  }

  @Override
  public String details() {
    return BlasLibrary.get().details();
  }

  @Override
  public Cost predict(Request request) {
    return exact.predict(request);
  }

  @Override
  public KnnIndex search(Request request, Tensor ids, Tensor similarities, Progress progress)
      throws IOException {
    exact.search(request, ids, similarities, progress);
    return KnnIndex.EXACT;
  }
}
