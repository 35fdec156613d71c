package dev.eigenseg.graph.ivf;

import dev.eigenseg.api.Progress;
import dev.eigenseg.api.spi.KnnEngine;
import dev.eigenseg.api.spi.KnnIndex;
import dev.eigenseg.graph.rows.NeighborLists;
import dev.eigenseg.graph.rows.PreparedRows;
import java.util.OptionalInt;

/**
 * One search by inverted lists: learn them, rank them for every row, sort the rows, choose the
 * probes where a recall is asked for, join. Similarities are those of the exact engine, bit by bit,
 * unless float16 rounds the rows; the result does not depend on the number of threads.
 */
public final class IvfSearch {
  private final KnnEngine.Request request;
  private final IvfPlan plan;
  private final Progress progress;

  /**
   * Plans.
   *
   * @throws dev.eigenseg.api.BadInputException if the memory is too small
   */
  public IvfSearch(KnnEngine.Request request, Progress progress) {
    this.request = request;
    this.plan = IvfPlan.of(request);
    this.progress = progress;
  }

  /**
   * Searches.
   *
   * @param rows divided by their norms; borrowed
   * @param lists receives the neighbours
   * @return the index with the numbers that were used
   */
  public KnnIndex run(PreparedRows rows, NeighborLists lists) {
    try (ListCentroids centroids = new ListTraining(plan, progress).learn(rows)) {
      IvfPlan learned = plan.withLists(centroids.count());
      try (RankedLists ranked = RankedLists.of(learned, centroids, rows, progress);
          InvertedLists inverted = InvertedLists.of(learned, rows, ranked, progress)) {
        Joining joining = new Joining(centroids, rows, inverted, lists);
        return request.index().recall().isEmpty()
            ? joining.join(learned, ranked, learned.places())
            : joining.reach(
                request.index().recall().getAsDouble(),
                learned,
                ranked,
                new ProbeTuning(learned, rows, inverted, progress));
      }
    }
  }

  /** What is there once the rows are sorted. */
  private final class Joining {
    private final ListCentroids centroids;
    private final PreparedRows rows;
    private final InvertedLists inverted;
    private final NeighborLists lists;

    Joining(
        ListCentroids centroids, PreparedRows rows, InvertedLists inverted, NeighborLists lists) {
      this.centroids = centroids;
      this.rows = rows;
      this.inverted = inverted;
      this.lists = lists;
    }

    KnnIndex join(IvfPlan current, RankedLists ranked, int probes) {
      try (ProbeJoin join = new ProbeJoin(current, rows, inverted, ranked, probes, progress)) {
        join.run(lists);
      }
      return KnnIndex.ivf(current.lists(), probes, current.trainingRows(), current.half());
    }

    /** Joins with as many probes as it takes, ranking more lists until they are enough. */
    KnnIndex reach(double recall, IvfPlan current, RankedLists ranked, ProbeTuning tuning) {
      OptionalInt probes = tuning.probesFor(recall, ranked);
      if (probes.isPresent() || ranked.places() == current.lists()) {
        return join(current, ranked, probes.orElse(current.lists()));
      }
      IvfPlan wider = current.withPlaces(Math.multiplyExact(2, current.places()));
      wider.requireWithin(request.memory());
      try (RankedLists more = RankedLists.of(wider, centroids, rows, progress)) {
        return reach(recall, wider, more, tuning);
      }
    }
  }
}
