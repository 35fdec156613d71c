package dev.eigenseg.graph.ivf;

import dev.eigenseg.api.Progress;
import dev.eigenseg.api.internal.kernel.Parallel;
import dev.eigenseg.api.spi.KnnEngine;
import dev.eigenseg.api.spi.KnnIndex;
import dev.eigenseg.graph.rows.Candidates;
import dev.eigenseg.graph.rows.NeighborLists;
import dev.eigenseg.graph.rows.PreparedRows;
import dev.eigenseg.graph.rows.TrueNeighbors;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Optional;
import java.util.stream.LongStream;

/**
 * One search by inverted lists: learn them, choose the probes where a recall is asked for, rank the
 * lists for every row, sort the rows, join. Similarities are those of the exact engine, bit by bit,
 * unless float16 rounds the rows; the result depends neither on the number of threads nor on the
 * memory.
 */
public final class IvfSearch {
  private static final long WRITE_ROWS = 512;

  private final KnnEngine.Request request;
  private final Progress progress;

  /** A search that is about to begin. */
  public IvfSearch(KnnEngine.Request request, Progress progress) {
    this.request = request;
    this.progress = progress;
  }

  /**
   * Searches with all rows in memory.
   *
   * @param lists receives the neighbours
   * @return the index with the numbers that were used
   * @throws dev.eigenseg.api.BadInputException if the memory is too small
   */
  public KnnIndex run(PreparedRows rows, NeighborLists lists) throws IOException {
    IvfPlan plan = IvfPlan.of(request);
    plan.requireWithin(request.memory());
    try (Learned learned = learn(plan, rows, ListTraining.Room.MEMORY)) {
      learned.plan.withPlaces(learned.choice.probes()).requireWithin(request.memory());
      return learned.join(rows, lists);
    }
  }

  /** Learns lists and chooses probes. */
  Learned learn(IvfPlan plan, PreparedRows rows, ListTraining.Room room) throws IOException {
    ListCentroids centroids = new ListTraining(plan, room, progress).learn(rows);
    try {
      IvfPlan learned = plan.withLists(centroids.count());
      return new Learned(learned, centroids, choose(learned, centroids, rows));
    } catch (IOException | RuntimeException | Error e) {
      centroids.close();
      throw e;
    }
  }

  private ProbeTuning.Choice choose(IvfPlan plan, ListCentroids centroids, PreparedRows rows)
      throws IOException {
    if (request.index().recall().isEmpty()) {
      return new ProbeTuning.Choice(plan.places(), plan.places());
    }
    try (ProbeTuning tuning = new ProbeTuning(plan, centroids, rows, progress)) {
      return tuning.choose(request.index().recall().getAsDouble());
    }
  }

  /** Owns the lists that were learned. */
  final class Learned implements AutoCloseable {
    private final IvfPlan plan;
    private final ListCentroids centroids;
    private final ProbeTuning.Choice choice;

    private Learned(IvfPlan plan, ListCentroids centroids, ProbeTuning.Choice choice) {
      this.plan = plan.withPlaces(choice.places());
      this.centroids = centroids;
      this.choice = choice;
    }

    /** Sizes; as many places as are ranked. */
    IvfPlan plan() {
      return plan;
    }

    int probes() {
      return choice.probes();
    }

    /** Ranks the lists of all rows. */
    RankedLists rank(PreparedRows rows, Optional<Path> scratch) throws IOException {
      return RankedLists.of(plan, choice.probes(), centroids, rows, scratch, progress);
    }

    /** Searches with all rows in memory. */
    KnnIndex join(PreparedRows rows, NeighborLists lists) throws IOException {
      try (RankedLists ranked = rank(rows, Optional.empty());
          InvertedLists inverted = InvertedLists.of(plan, rows, ranked, progress);
          Candidates candidates = new Candidates(plan.rows(), plan.k(), plan.capacity())) {
        ListBlocks blocks = new ListBlocks(inverted.order().listBegin(), inverted.range());
        try (Progress.Task task =
            progress.start("graph", ProbeJoin.blocksWithin(blocks), "blocks")) {
          new ProbeJoin(plan, choice.probes(), progress, task)
              .joinWithin(inverted, JoinSide.of(blocks, candidates));
        }
        write(inverted, candidates, lists);
        complete(inverted, candidates, rows, lists);
      }
      return KnnIndex.ivf(plan.lists(), choice.probes(), plan.trainingRows(), plan.half());
    }

    private void write(InvertedLists inverted, Candidates candidates, NeighborLists lists) {
      Parallel.forEach(
          plan.threads(),
          Math.ceilDiv(plan.rows(), WRITE_ROWS),
          chunk -> {
            progress.checkCancelled();
            long[] scratch = new long[plan.capacity()];
            long end = Math.min(plan.rows(), (chunk + 1) * WRITE_ROWS);
            for (long at = chunk * WRITE_ROWS; at < end; at++) {
              if (candidates.complete((int) at)) {
                candidates.write((int) at, inverted.id(at), lists, scratch);
              }
            }
          });
    }

    /** Rows that have not met k others look everywhere. */
    private void complete(
        InvertedLists inverted, Candidates candidates, PreparedRows rows, NeighborLists lists) {
      long[] incomplete =
          LongStream.range(0, plan.rows())
              .filter(at -> !candidates.complete((int) at))
              .map(inverted::id)
              .toArray();
      TrueNeighbors.write(rows, incomplete, lists, 0, plan.threads(), progress);
    }

    @Override
    public void close() {
      centroids.close();
    }
  }
}
