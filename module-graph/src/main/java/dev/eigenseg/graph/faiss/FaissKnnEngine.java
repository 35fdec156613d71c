package dev.eigenseg.graph.faiss;

import dev.eigenseg.api.BadInputException;
import dev.eigenseg.api.Progress;
import dev.eigenseg.api.spi.Availability;
import dev.eigenseg.api.spi.KnnEngine;
import dev.eigenseg.api.spi.KnnIndex;
import dev.eigenseg.api.tensor.Tensor;
import dev.eigenseg.graph.vector.PreparedRows;
import java.io.IOException;
import java.io.UncheckedIOException;

/**
 * FAISS (Douze et al. 2024) through JNI: exact, inverted lists, HNSW. Rows are divided by their
 * norms, so that the inner product is the cosine. The whole index is in memory. Stateless.
 */
public final class FaissKnnEngine implements KnnEngine {
  // Rough rates of one thread on AVX2 (feasibility: 14,400 and 60,000 rows of 384 channels), and
  // what an index saves; predictions are for people to decide whether to wait.
  private static final double MULTIPLY_ADDS_PER_SECOND = 30e9;

  /** For the service loader. */
  public FaissKnnEngine() {}

  @Override
  public String name() {
    return "faiss";
  }

  @Override
  public int priority() {
    return 5; // exact search by the embedded engine is faster, see docs/performance.md
  }

  @Override
  public Availability availability() {
    return FaissNatives.availability();
  }

  @Override
  public boolean supports(KnnIndex.Kind kind) {
    return true;
  }

  @Override
  public String details() {
    FaissNatives.require();
    return "FAISS %s, %s, %d threads, %d GPUs"
        .formatted(
            FaissLibrary.version(),
            FaissLibrary.blas(),
            FaissLibrary.threads(),
            FaissLibrary.gpuCount());
  }

  @Override
  public Cost predict(Request request) {
    double pairs = (double) request.features().rows() * request.features().rows();
    KnnIndex index = request.index();
    double share =
        switch (index.kind()) {
          case EXACT -> 1;
          case IVF -> {
            int lists = index.listsFor(request.features().rows());
            yield (double) index.probesOf(lists) / lists;
          }
          case HNSW ->
              Math.min(1, 40.0 * index.efSearchFor(request.k()) / request.features().rows());
        };
    double seconds =
        pairs * share * request.features().dim() / MULTIPLY_ADDS_PER_SECOND / request.threads();
    return new Cost(seconds, FaissSearch.bytes(request));
  }

  @Override
  public KnnIndex search(Request request, Tensor ids, Tensor similarities, Progress progress)
      throws IOException {
    if (request.index().recall().isPresent()) {
      throw new BadInputException(
          "engine faiss does not choose probes for a recall; name their number with --probes, or use the engine vector");
    }
    long bytes = FaissSearch.bytes(request);
    if (bytes > request.memory()) {
      throw new BadInputException(
          "engine faiss keeps its whole index in memory: %,d rows of %d channels need %,d bytes, allowed are %,d; allow more, or use the engine vector, which does with less"
              .formatted(
                  request.features().rows(), request.features().dim(), bytes, request.memory()));
    }
    FaissNatives.require();
    try (PreparedRows rows =
            PreparedRows.measure(request.features(), true, request.threads(), progress);
        FaissSearch search = new FaissSearch(request, rows, progress)) {
      search.run(ids, similarities);
      return request.index();
    } catch (UncheckedIOException e) {
      throw e.getCause();
    }
  }
}
