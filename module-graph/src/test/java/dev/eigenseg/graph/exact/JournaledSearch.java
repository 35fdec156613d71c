package dev.eigenseg.graph.exact;

import dev.eigenseg.api.Progress;
import dev.eigenseg.api.spi.KnnEngine;
import dev.eigenseg.api.spi.ResumableKnnEngine.Place;
import dev.eigenseg.graph.rows.PreparedRows;
import dev.eigenseg.graph.rows.RowRange;
import dev.eigenseg.graph.strips.CandidateFile;
import dev.eigenseg.graph.strips.Disk;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.util.Map;

/** A search with its journal, which is forced to disk or not; for a benchmark. */
public final class JournaledSearch {
  private JournaledSearch() {}

  /**
   * What a search took.
   *
   * @param seconds of all
   * @param forcing seconds of it in which a commit waited for the disk
   */
  public record Time(double seconds, double forcing, int commits, long units) {}

  /** Searches beside a target, of which nothing is left. */
  public static Time time(TileKernel kernel, KnnEngine.Request request, Path target, boolean forced)
      throws IOException {
    JoinPlan plan = JoinPlan.of(request, new RowRange(0, request.features().rows()), kernel);
    TimedDisk disk = new TimedDisk(forced ? Disk.REAL : (_, _) -> {});
    long begin = System.nanoTime();
    try (CandidateFile file =
            CandidateFile.open(new Place(target, Map.of(), true), plan.grid(), plan.k(), disk);
        PreparedRows rows =
            PreparedRows.measure(request.features(), true, request.threads(), Progress.NONE);
        SelfJoin join = new SelfJoin(plan, kernel, rows, file, Progress.NONE)) {
      join.run();
      double seconds = (System.nanoTime() - begin) * 1e-9;
      file.delete();
      return new Time(seconds, disk.nanoseconds * 1e-9, disk.commits, plan.grid().units());
    }
  }

  private static final class TimedDisk implements Disk {
    private final Disk disk;
    private long nanoseconds;
    private int commits;

    TimedDisk(Disk disk) {
      this.disk = disk;
    }

    @Override
    public void force(FileChannel file, boolean metadata) throws IOException {
      long begin = System.nanoTime();
      disk.force(file, metadata);
      nanoseconds += System.nanoTime() - begin;
      commits += metadata ? 1 : 0;
    }
  }
}
