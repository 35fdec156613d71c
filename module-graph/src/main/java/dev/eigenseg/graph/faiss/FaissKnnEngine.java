package dev.eigenseg.graph.faiss;

import dev.eigenseg.api.BadInputException;
import dev.eigenseg.api.Progress;
import dev.eigenseg.api.spi.Availability;
import dev.eigenseg.api.spi.KnnEngine;
import dev.eigenseg.api.spi.KnnIndex;
import dev.eigenseg.api.tensor.Tensor;
import dev.eigenseg.graph.rows.NeighborLists;
import dev.eigenseg.graph.rows.PreparedRows;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.Locale;
import java.util.OptionalInt;

/**
 * FAISS (Douze et al. 2024) through JNI: exact, inverted lists, HNSW. Rows are divided by their
 * norms, so that the inner product is the cosine. On the CPU the whole index is in memory; on a GPU
 * the search is exact and by tiles. Stateless.
 */
public final class FaissKnnEngine implements KnnEngine {
  // Rough rates, for people to decide whether to wait: multiply-adds a second of one thread with
  // AVX2 (measured with 14,400 and 60,000 rows of 384 channels), and of a GPU (a guess: none was
  // there to measure).
  private static final double RATE = 30e9;
  private static final double GPU_RATE = 1e12;
  private static final int SELECTION = 40;

  // Products of single rows are slower than those of matrices.
  private static final double SCAN = 4;
  private static final int ITERATIONS = 10; // FAISS's default for lists
  private static final double HNSW_VISITS = 8;

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
    return String.format(
        Locale.ROOT,
        "FAISS %s, %s, %d threads, %d GPUs",
        FaissLibrary.version(),
        FaissLibrary.blas(),
        FaissLibrary.threads(),
        FaissLibrary.gpuCount());
  }

  @Override
  public boolean serves(String device) {
    OptionalInt number = FaissGpu.number(device);
    if (number.isEmpty()) {
      return device.equals("cpu");
    }
    FaissNatives.require();
    return number.getAsInt() < FaissLibrary.gpuCount();
  }

  @Override
  public Cost predict(Request request) {
    return onGpu(request)
        ? new Cost(pairs(request) * request.features().dim() / GPU_RATE, TiledSearch.bytes(request))
        : new Cost(multiplyAdds(request) / RATE / request.threads(), FaissSearch.bytes(request));
  }

  private static boolean onGpu(Request request) {
    return FaissGpu.number(request.device()).isPresent();
  }

  private static double pairs(Request request) {
    return (double) request.features().rows() * request.features().rows();
  }

  private static double multiplyAdds(Request request) {
    long rows = request.features().rows();
    KnnIndex index = request.index();
    // Selecting costs as much as some channels do.
    double pair = request.features().dim() + SELECTION;
    return switch (index.kind()) {
      case EXACT -> pairs(request) * pair;
      case IVF -> {
        int lists = index.listsFor(rows);
        double learning = (double) ITERATIONS * index.trainingRowsFor(lists, rows) * lists;
        double assigning = 2.0 * rows * lists;
        double looking = pairs(request) * index.probesOf(lists) / lists * SCAN;
        yield (learning + assigning + looking) * pair;
      }
      case HNSW -> {
        double visited =
            HNSW_VISITS
                * (double) (FaissIndex.HNSW_EF_CONSTRUCTION + index.efSearchFor(request.k() + 1));
        yield rows * Math.min(rows, visited) * pair * SCAN;
      }
    };
  }

  @Override
  public KnnIndex search(Request request, Tensor ids, Tensor similarities, Progress progress)
      throws IOException {
    check(request);
    FaissNatives.require();
    NeighborLists lists = NeighborLists.of(ids, similarities);
    try (PreparedRows rows =
        PreparedRows.measure(request.features(), true, request.threads(), progress)) {
      if (onGpu(request)) {
        searchOnGpu(request, rows, lists, progress);
      } else {
        try (FaissSearch search = new FaissSearch(request, rows, progress)) {
          search.run(lists);
        }
      }
      return request.index();
    } catch (UncheckedIOException e) {
      throw e.getCause();
    }
  }

  private static void searchOnGpu(
      Request request, PreparedRows rows, NeighborLists lists, Progress progress) {
    int device = FaissGpu.number(request.device()).orElseThrow();
    try (FaissGpu gpu = new FaissGpu(device, rows.dim());
        TiledSearch search =
            new TiledSearch(rows, request.k(), TiledSearch.Shape.DEFAULT, progress)) {
      search.run(gpu, lists);
    }
  }

  private void check(Request request) {
    if (request.index().recall().isPresent()) {
      throw new BadInputException(
          "engine faiss does not choose probes for a recall; name their number with --probes, or use the engine vector");
    }
    if (onGpu(request)) {
      checkGpu(request);
    }
    long bytes = predict(request).peakBytes();
    if (bytes > request.memory()) {
      throw new BadInputException(
          ("engine faiss needs %,d bytes for %,d rows of %d channels%s, allowed are %,d; allow "
                  + "more, or use the engine vector, which does with less")
              .formatted(
                  bytes,
                  request.features().rows(),
                  request.features().dim(),
                  onGpu(request) ? "" : ", since it keeps its whole index in memory",
                  request.memory()));
    }
  }

  static void checkGpu(Request request) {
    if (request.index().kind() != KnnIndex.Kind.EXACT) {
      throw new BadInputException(
          "on %s the search is exact; leave out --index or --device".formatted(request.device()));
    }
    if (request.k() >= FaissGpu.MOST_SELECTED) {
      throw new BadInputException(
          ("%d neighbours are too many for %s, where FAISS selects at most %d and one is the row "
                  + "itself; ask for at most %d, or search on the cpu")
              .formatted(
                  request.k(),
                  request.device(),
                  FaissGpu.MOST_SELECTED,
                  FaissGpu.MOST_SELECTED - 1));
    }
  }
}
