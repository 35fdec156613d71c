package dev.eigenseg.graph.ivf;

import dev.eigenseg.api.Progress;
import dev.eigenseg.api.internal.kernel.Parallel;
import dev.eigenseg.graph.Recall;
import dev.eigenseg.graph.rows.PreparedRows;
import dev.eigenseg.graph.rows.QuerySample;
import dev.eigenseg.graph.rows.TrueNeighbors;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.stream.LongStream;

/**
 * Owns a few rows and their true neighbours, from which it is known how many probes find enough of
 * them: a neighbour is found if either of the two rows looks into the other's list, so that nothing
 * need be searched.
 */
final class ProbeTuning implements AutoCloseable {
  private static final int PIECE = 1024;

  private final IvfPlan plan;
  private final ListCentroids centroids;
  private final Progress progress;
  private final int k;
  private final long[] sample;
  private final long[] neighbors;
  private final long[] distinct;
  private final RowTable vectors;

  /** Compares the sampled rows with all rows. */
  ProbeTuning(IvfPlan plan, ListCentroids centroids, PreparedRows rows, Progress progress)
      throws IOException {
    this.plan = plan;
    this.centroids = centroids;
    this.progress = progress;
    this.k = plan.k();
    this.sample = QuerySample.of(plan.rows()).tuning();
    this.neighbors = new long[sample.length * k];
    try (TrueNeighbors found = TrueNeighbors.of(rows, sample, k, plan.threads(), progress)) {
      for (int i = 0; i < neighbors.length; i++) {
        neighbors[i] = found.id(i / k, i % k);
      }
    }
    this.distinct =
        LongStream.concat(Arrays.stream(sample), Arrays.stream(neighbors))
            .sorted()
            .distinct()
            .toArray();
    this.vectors = new RowTable(distinct.length, plan.dim(), Optional.empty());
    try {
      vectors.gather(
          rows,
          i -> distinct[(int) i],
          row -> {
            int found = Arrays.binarySearch(distinct, row);
            return found >= 0 ? found : -found - 1;
          },
          plan.threads(),
          progress::checkCancelled);
    } catch (RuntimeException | Error e) {
      vectors.close();
      throw e;
    }
  }

  /** The most rows that are looked at. */
  static long mostRows(long rows, int k) {
    return Math.min(rows, QuerySample.ROWS * (k + 1L));
  }

  /**
   * How many lists are ranked, and into how many a row looks.
   *
   * @param places at least as many as probes; which lists are among them depends on it
   */
  record Choice(int places, int probes) {}

  /**
   * The least number of probes whose recall is, by the lower end of its confidence interval, at
   * least {@code target}: among those that the plan ranks, or twice as many, and so on.
   */
  Choice choose(double target) {
    for (int places = plan.places(); ; places = Math.min(plan.lists(), 2 * places)) {
      OptionalInt probes = probesFor(target, places);
      if (probes.isPresent() || places == plan.lists()) {
        return new Choice(places, probes.orElse(places));
      }
    }
  }

  private OptionalInt probesFor(double target, int places) {
    int[] needed = needed(places);
    for (int probes = 1; probes <= places; probes++) {
      Recall recall = recall(needed, probes);
      if (recall.fraction() - recall.margin() >= target) {
        return OptionalInt.of(probes);
      }
    }
    return OptionalInt.empty();
  }

  /** The probes from which on each neighbour is found. */
  private int[] needed(int places) {
    int[] own = new int[distinct.length];
    forEachRanking(places, (row, ranking) -> own[row] = ranking[0]);
    int[] first = new int[neighbors.length];
    int[] second = new int[neighbors.length];
    int[] neighborOf = Arrays.stream(neighbors).mapToInt(this::indexOf).toArray();
    int[] sampled = Arrays.stream(sample).mapToInt(this::indexOf).toArray();
    int[] sampleNumber = new int[distinct.length];
    Arrays.fill(sampleNumber, -1);
    for (int i = 0; i < sampled.length; i++) {
      sampleNumber[sampled[i]] = i;
    }
    int[][] asNeighbor = pairsOf(neighborOf);
    forEachRanking(
        places,
        (row, ranking) -> {
          int number = sampleNumber[row];
          for (int i = number * k; number >= 0 && i < (number + 1) * k; i++) {
            first[i] = placeOf(ranking, own[neighborOf[i]]);
          }
          for (int i : asNeighbor[row]) {
            second[i] = placeOf(ranking, own[sampled[i / k]]);
          }
        });
    int[] needed = new int[neighbors.length];
    for (int i = 0; i < needed.length; i++) {
      needed[i] = 1 + Math.min(first[i], second[i]);
    }
    return needed;
  }

  private int indexOf(long row) {
    return Arrays.binarySearch(distinct, row);
  }

  /** For every row the pairs whose neighbour it is. */
  private int[][] pairsOf(int[] neighborOf) {
    int[] counts = new int[distinct.length];
    for (int row : neighborOf) {
      counts[row]++;
    }
    int[][] pairs = new int[distinct.length][];
    for (int row = 0; row < pairs.length; row++) {
      pairs[row] = new int[counts[row]];
    }
    for (int i = 0; i < neighborOf.length; i++) {
      pairs[neighborOf[i]][--counts[neighborOf[i]]] = i;
    }
    return pairs;
  }

  private static int placeOf(int[] ranking, int list) {
    int place = 0;
    while (place < ranking.length && ranking[place] != list) {
      place++;
    }
    return place;
  }

  private interface RankingTask {
    void on(int row, int[] ranking);
  }

  private void forEachRanking(int places, RankingTask task) {
    Parallel.forEach(
        plan.threads(),
        Math.ceilDiv(distinct.length, PIECE),
        piece -> {
          progress.checkCancelled();
          int first = (int) piece * PIECE;
          int count = Math.min(PIECE, distinct.length - first);
          int[] ranking = new int[places];
          try (Arena memory = Arena.ofConfined()) {
            MemorySegment dense = memory.allocate(count * plan.rowBytes(), 64);
            MemorySegment ranked = memory.allocate(ValueLayout.JAVA_INT, (long) count * places);
            vectors.read(first, count, dense);
            centroids.rank(dense, count, places, ranked);
            for (int row = 0; row < count; row++) {
              MemorySegment.copy(
                  ranked,
                  ValueLayout.JAVA_INT,
                  (long) row * places * Integer.BYTES,
                  ranking,
                  0,
                  places);
              task.on(first + row, ranking);
            }
          }
        });
  }

  private Recall recall(int[] needed, int probes) {
    double[] shares = new double[sample.length];
    for (int i = 0; i < needed.length; i++) {
      shares[i / k] += needed[i] <= probes ? 1.0 / k : 0;
    }
    return Recall.of(shares);
  }

  @Override
  public void close() {
    vectors.close();
  }
}
