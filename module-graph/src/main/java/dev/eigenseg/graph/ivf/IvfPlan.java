package dev.eigenseg.graph.ivf;

import dev.eigenseg.api.BadInputException;
import dev.eigenseg.api.internal.kernel.Gemm;
import dev.eigenseg.api.spi.KnnEngine;
import dev.eigenseg.api.spi.KnnIndex;
import dev.eigenseg.graph.rows.Candidates;
import dev.eigenseg.graph.rows.QuerySample;
import dev.eigenseg.graph.rows.TrueNeighbors;

/**
 * The sizes of a search by inverted lists.
 *
 * @param rows all rows
 * @param dim channels of a row
 * @param k neighbours of a row
 * @param threads worker threads
 * @param lists inverted lists
 * @param groups groups of lists, see {@link ListCentroids}
 * @param places lists that are ranked for each row: those that it looks into, or might
 * @param trainingRows rows from which the lists are learned
 * @param half whether rows are kept in float16
 */
public record IvfPlan(
    long rows,
    int dim,
    int k,
    int threads,
    int lists,
    int groups,
    int places,
    long trainingRows,
    boolean half) {
  /** The most rows of a list that are multiplied at a time. */
  static final int BLOCK = TrueNeighbors.BLOCK;

  /** Rows of a tile that are multiplied, then scanned while their scores are in the cache. */
  static final int SCAN_ROWS = 16 * Gemm.rowPanel();

  // Rows that a worker holds at most while it seeds k-means, packed and not; when lists are ranked
  // they are fewer.
  private static final long WORKER_ROWS = 2 * 8192;

  // Measured on 242,220 x 416 patches of CamVid (docs/performance.md).
  private static final int ROWS_OF_LIST = 160;
  private static final int PROBES = 16;
  private static final int SMALLEST_CAPACITY = 64;

  // Rankings for choosing probes: enough for most data, else they are doubled.
  private static final int TUNING_PLACES = 32;

  /**
   * Plans a search.
   *
   * @throws BadInputException if it needs more memory than it may take
   */
  public static IvfPlan of(KnnEngine.Request request) {
    KnnIndex index = request.index();
    long rows = request.features().rows();
    int lists =
        (int) Math.min(rows, index.lists().orElse(Math.clamp(rows / ROWS_OF_LIST, 1, 1 << 20)));
    IvfPlan plan =
        new IvfPlan(
            rows,
            request.features().dim(),
            request.k(),
            request.threads(),
            lists,
            (int) Math.max(1, Math.round(Math.sqrt(lists))),
            Math.min(
                lists, index.probes().orElse(index.recall().isPresent() ? TUNING_PLACES : PROBES)),
            Math.max(lists, index.trainingRowsFor(lists, rows)),
            index.half());
    plan.requireWithin(request.memory());
    return plan;
  }

  /** Refuses a search that needs more memory than it may take. */
  void requireWithin(long memory) {
    if (bytes() <= memory) {
      return;
    }
    IvfPlan halved = new IvfPlan(rows, dim, k, threads, lists, groups, places, trainingRows, true);
    throw new BadInputException(
        ("an ivf index of %,d rows of %d channels, k = %d, needs %,d bytes of memory (%,d with "
                + "--half), allowed are %,d; allow more with --memory, or search exactly (--index "
                + "exact), which does with less")
            .formatted(rows, dim, k, bytes(), halved.bytes(), memory));
  }

  /** The same with the number of lists that were learned. */
  IvfPlan withLists(int learned) {
    return new IvfPlan(
        rows, dim, k, threads, learned, groups, Math.min(learned, places), trainingRows, half);
  }

  /** The same with more or fewer ranked lists. */
  IvfPlan withPlaces(int newPlaces) {
    return new IvfPlan(
        rows, dim, k, threads, lists, groups, Math.min(lists, newPlaces), trainingRows, half);
  }

  int capacity() {
    return Math.max(SMALLEST_CAPACITY, Math.multiplyExact(2, k));
  }

  /** Bytes of a row as the index keeps it. */
  long storedRowBytes() {
    return (long) dim * (half ? Short.BYTES : Float.BYTES);
  }

  /** Bytes of a row as it is multiplied. */
  long rowBytes() {
    return (long) dim * Float.BYTES;
  }

  /** Peak bytes, heap and off-heap together, without the results. */
  public long bytes() {
    long centroids = (lists + groups) * rowBytes();
    // The sample, its copy by group, and k-means' packed copy of either.
    long training = Math.multiplyExact(trainingRows, 3 * rowBytes());
    // Rankings, those before they were widened, and their transposition.
    long row =
        storedRowBytes()
            + Candidates.bytesPerRow(capacity())
            + 2L * Integer.BYTES
            + 3L * places * Integer.BYTES;
    long worker =
        (WORKER_ROWS + 2L * (BLOCK + SCAN_ROWS)) * rowBytes()
            + (long) QuerySample.ROWS * BLOCK * Float.BYTES;
    return rows * Float.BYTES
        + centroids
        + threads * worker
        + Math.max(training, Math.multiplyExact(rows, row));
  }

  /** Multiply-adds of a search, roughly: training, ranking and joining. */
  public double multiplyAdds() {
    double listsAndGroups = groups + Math.min(lists, Math.max(192, 8.0 * places));
    double training = 10.0 * trainingRows * (groups + (double) lists / groups);
    double rowsOfList = (double) rows / lists;
    return dim * (training + rows * (listsAndGroups + places * rowsOfList));
  }
}
