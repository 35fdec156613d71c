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
 * @param tuningRows rows at most that are looked at to choose the probes
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
    long tuningRows,
    boolean half) {
  /** The most rows of a list that are multiplied at a time. */
  static final int BLOCK = TrueNeighbors.BLOCK;

  /** Rows of a tile that are multiplied, then scanned while their scores are in the cache. */
  static final int SCAN_ROWS = 16 * Gemm.rowPanel();

  // Rows that a worker holds at most while it seeds k-means, packed and not; when lists are ranked
  // they are fewer.
  private static final long WORKER_ROWS = 2 * 8192;

  // What k-means knows of a row, and of its distances to groups of centroids (ClusterRows).
  private static final long BYTES_OF_TRAINING_ROW = 64;
  private static final long BYTES_OF_LABELS = 24;
  private static final int MOST_GROUPS = 48;
  private static final long SEEDING_ROWS = 1 << 14;
  private static final long SEEDING_COPIES = 3;
  private static final long READING_ROWS = 2 * 4096;

  // Measured on 242,220 x 416 patches of CamVid (docs/performance.md).
  private static final int ROWS_OF_LIST = 160;
  private static final int PROBES = 16;

  // Rankings for choosing probes: enough for most data, else they are doubled.
  private static final int TUNING_PLACES = 32;

  /** Plans a search, whatever memory that needs. */
  public static IvfPlan of(KnnEngine.Request request) {
    KnnIndex index = request.index();
    long rows = request.features().rows();
    int lists =
        (int) Math.min(rows, index.lists().orElse(Math.clamp(rows / ROWS_OF_LIST, 1, 1 << 20)));
    boolean tunes = index.recall().isPresent();
    return new IvfPlan(
        rows,
        request.features().dim(),
        request.k(),
        request.threads(),
        lists,
        (int) Math.max(1, Math.round(Math.sqrt(lists))),
        Math.min(lists, index.probes().orElse(tunes ? TUNING_PLACES : PROBES)),
        Math.max(lists, index.trainingRowsFor(lists, rows)),
        tunes ? ProbeTuning.mostRows(rows, request.k()) : 0,
        index.half());
  }

  /** Refuses a search that needs more memory than it may take. */
  void requireWithin(long memory) {
    if (bytes() <= memory) {
      return;
    }
    IvfPlan halved =
        new IvfPlan(rows, dim, k, threads, lists, groups, places, trainingRows, tuningRows, true);
    throw new BadInputException(
        ("an ivf index of %,d rows of %d channels, k = %d, needs %,d bytes of memory (%,d with "
                + "--half), allowed are %,d; allow more with --memory, or search into a file "
                + "('eigenseg graph'), which does with less")
            .formatted(rows, dim, k, bytes(), halved.bytes(), memory));
  }

  /** The same with the number of lists that were learned. */
  IvfPlan withLists(int learned) {
    return new IvfPlan(
        rows,
        dim,
        k,
        threads,
        learned,
        groups,
        Math.min(learned, places),
        trainingRows,
        tuningRows,
        half);
  }

  /** The same with more or fewer ranked lists. */
  IvfPlan withPlaces(int newPlaces) {
    return new IvfPlan(
        rows,
        dim,
        k,
        threads,
        lists,
        groups,
        Math.min(lists, newPlaces),
        trainingRows,
        tuningRows,
        half);
  }

  int capacity() {
    return Candidates.capacityFor(k);
  }

  /** Bytes of a row as the index keeps it. */
  long storedRowBytes() {
    return (long) dim * (half ? Short.BYTES : Float.BYTES);
  }

  /** Bytes of a row as it is multiplied. */
  long rowBytes() {
    return (long) dim * Float.BYTES;
  }

  /** Peak bytes of a search in memory, heap and off-heap together, without the results. */
  public long bytes() {
    // The sample, its copy by group, and k-means' packed copy of either.
    long training = Math.multiplyExact(trainingRows, 3 * rowBytes());
    // Rankings and their transposition.
    long row =
        storedRowBytes()
            + Candidates.bytesPerRow(capacity())
            + 2L * Integer.BYTES
            + 2L * places * Integer.BYTES;
    long worker = WORKER_ROWS * rowBytes() + joiningBytes();
    return rows * Float.BYTES
        + centroidBytes()
        + threads * worker
        + Math.max(Math.max(training, tuningRows * rowBytes()), Math.multiplyExact(rows, row));
  }

  private long centroidBytes() {
    return (lists + groups) * rowBytes();
  }

  /** Bytes of a worker that joins. */
  long joiningBytes() {
    return 2L * (BLOCK + SCAN_ROWS) * rowBytes()
        + (long) QuerySample.ROWS * BLOCK * Float.BYTES
        + (long) capacity() * Long.BYTES;
  }

  /** Bytes that learning and sorting need at least, if the rows are in files. */
  public long sortingBytes() {
    // What k-means knows of a row, and what seeding and a window of it hold.
    long panels = Math.clamp(Math.ceilDiv(groups, Gemm.columnPanel()), 1, MOST_GROUPS);
    long training =
        trainingRows * Math.max(BYTES_OF_TRAINING_ROW, BYTES_OF_LABELS + Float.BYTES * panels)
            + threads * SEEDING_COPIES * Math.min(trainingRows, SEEDING_ROWS) * rowBytes();
    long sorting = threads * (READING_ROWS * rowBytes() + joiningBytes());
    return rows * (Float.BYTES + 3L * Integer.BYTES)
        + 2 * centroidBytes()
        + Math.max(training, sorting + tuningRows * rowBytes());
  }

  /** Multiply-adds of joining, roughly. */
  public double joinMultiplyAdds() {
    return (double) dim * rows * places * rows / lists;
  }

  /** Multiply-adds of a search, roughly: training, ranking and joining. */
  public double multiplyAdds() {
    double listsAndGroups = groups + Math.min(lists, Math.max(192, 8.0 * places));
    double training = 10.0 * trainingRows * (groups + (double) lists / groups);
    return dim * (training + rows * listsAndGroups) + joinMultiplyAdds();
  }
}
