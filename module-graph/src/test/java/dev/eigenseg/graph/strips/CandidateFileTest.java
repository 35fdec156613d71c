package dev.eigenseg.graph.strips;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.eigenseg.api.spi.ResumableKnnEngine.Place;
import dev.eigenseg.graph.TestSeed;
import dev.eigenseg.graph.rows.RowRange;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CandidateFileTest {
  private static final int K = 3;

  private final long seed = TestSeed.next();
  private final Random random = new Random(seed);

  @TempDir Path folder;

  private Path target() {
    return folder.resolve("g.knn");
  }

  private static Path hidden(Path target, String kind) {
    return target.resolveSibling(".%s.%s".formatted(target.getFileName(), kind));
  }

  private static byte[] bytes(Path file) throws IOException {
    return Files.exists(file) ? Files.readAllBytes(file) : new byte[0];
  }

  private static CandidateFile open(Path target, StripGrid grid, Disk disk) throws IOException {
    return CandidateFile.open(new Place(target, Map.of("rows", "1"), false), grid, K, disk);
  }

  /** A disk on which the machine fails again and again, at every moment of a commit. */
  private final class FailingDisk implements Disk {
    private final StripGrid grid;
    private long now;
    private byte[] forced = new byte[0];
    private long committed;
    private long lost;
    private long commits;

    FailingDisk(StripGrid grid) {
      this.grid = grid;
    }

    @Override
    public long nanoTime() {
      now += 100_000_000L + random.nextInt(100_000_000);
      return now;
    }

    /**
     * The candidates are forced before the journal; in between, both are as a crash leaves them.
     */
    @Override
    public void force(FileChannel file, boolean metadata) throws IOException {
      if (metadata) {
        // The line may be on the disk before anybody forced it, what it speaks of must be, too.
        commits++;
        committed = fail(forced, bytes(hidden(target(), "journal")));
        assertEquals(committed, fail(), "seed " + seed);
      } else {
        assertEquals(committed, fail(), "before the candidates are forced, seed " + seed);
        file.force(false);
        forced = bytes(hidden(target(), "candidates"));
        assertEquals(committed, fail(), "between candidates and journal, seed " + seed);
      }
    }

    /** Fails between two commits. */
    void failAfter(long units) throws IOException {
      assertEquals(committed, fail(), "seed " + seed);
      lost += units - committed;
    }

    private long fail() throws IOException {
      return fail(bytes(hidden(target(), "candidates")), bytes(hidden(target(), "journal")));
    }

    /** Goes on with what is left, as another target; returns how many units that has in it. */
    private long fail(byte[] candidates, byte[] journal) throws IOException {
      Path copy = folder.resolve("crashed.knn");
      CandidateFile.discard(copy);
      Files.write(hidden(copy, "candidates"), candidates);
      if (journal.length > 0) {
        Files.write(hidden(copy, "journal"), journal);
      }
      try (CandidateFile file = open(copy, grid, this)) {
        check(file);
        return file.finished();
      }
    }
  }

  private static int id(long row, long uses) {
    return (int) (row * 1000 + uses);
  }

  private static void write(CandidateFile file, int strip, long units) throws IOException {
    StripGrid grid = file.grid();
    RowRange range = grid.strip(strip);
    int most = CandidateStore.chunkRows(K);
    for (long first = range.first(); first < range.end(); first += most) {
      int count = (int) Math.min(most, range.end() - first);
      try (Arena memory = Arena.ofConfined()) {
        MemorySegment ids = memory.allocate(ValueLayout.JAVA_INT, (long) count * K);
        MemorySegment similarities = memory.allocate(ValueLayout.JAVA_FLOAT, (long) count * K);
        for (int i = 0; i < count * K; i++) {
          ids.setAtIndex(ValueLayout.JAVA_INT, i, id(first + i / K, grid.uses(strip, units)));
        }
        file.write(first, count, ids, similarities, units);
      }
    }
  }

  /** Every strip is as the finished units have left it. */
  private void check(CandidateFile file) throws IOException {
    StripGrid grid = file.grid();
    for (int strip = 0; strip < grid.strips(); strip++) {
      RowRange range = grid.strip(strip);
      int count = (int) range.count();
      long uses = grid.uses(strip, file.finished());
      try (Arena memory = Arena.ofConfined()) {
        MemorySegment ids = memory.allocate(ValueLayout.JAVA_INT, (long) count * K);
        MemorySegment similarities = memory.allocate(ValueLayout.JAVA_FLOAT, (long) count * K);
        file.read(range.first(), count, ids, similarities);
        for (int row = 0; row < count; row++) {
          assertEquals(
              uses == 0 ? -1 : id(range.first() + row, uses),
              ids.getAtIndex(ValueLayout.JAVA_INT, (long) row * K),
              "strip %d after %d units, seed %d".formatted(strip, file.finished(), seed));
        }
      }
    }
  }

  private interface AfterUnit {
    void run(long units) throws IOException;
  }

  /** Does units as a join does: the own strip of a row of units is written when that is due. */
  private void join(CandidateFile file, long end, AfterUnit after) throws IOException {
    StripGrid grid = file.grid();
    int own = 0;
    for (long unit = file.finished(); unit < end; unit++) {
      while (grid.firstUnit(own + 1) <= unit) {
        own++;
      }
      int other = own + (int) (unit - grid.firstUnit(own));
      if (other != own) {
        write(file, other, unit + 1);
      }
      if (other == grid.strips() - 1 || file.due()) {
        write(file, own, unit + 1);
        file.finish(unit + 1);
        check(file);
      }
      after.run(unit + 1);
    }
  }

  private StripGrid randomGrid() {
    long rows = 2000L + random.nextInt(2000);
    long first = random.nextInt(1000);
    RowRange range = new RowRange(first, first + 1 + random.nextInt((int) (rows - first)));
    return new StripGrid(range, rows, 200 + random.nextInt(400));
  }

  @Test
  void aCrashAtAnyMomentLeavesTheLastCommitWhole() throws IOException {
    long lost = 0;
    long commits = 0;
    long units = 0;
    for (int search = 0; search < 5; search++) {
      StripGrid grid = randomGrid();
      FailingDisk disk = new FailingDisk(grid);
      try (CandidateFile file = open(target(), grid, disk)) {
        join(file, grid.units(), disk::failAfter);
        assertEquals(grid.units(), file.finished());
        file.delete();
      }
      assertFalse(Files.exists(hidden(target(), "journal")));
      lost += disk.lost;
      commits += disk.commits;
      units += grid.units();
    }
    String what = "%d commits of %d units, %d lost, seed %d".formatted(commits, units, lost, seed);
    assertTrue(commits >= 5 && commits < units && lost > 0, what);
  }

  @Test
  void whatIsStoppedGoesOnFromItsLastCommit() throws IOException {
    StripGrid grid = new StripGrid(new RowRange(0, 3000), 3000, 300);
    FailingDisk disk = new FailingDisk(grid);
    long done = 0;
    while (done < grid.units()) {
      try (CandidateFile file = open(target(), grid, disk)) {
        assertEquals(done, file.finished(), "seed " + seed);
        check(file);
        join(file, Math.min(grid.units(), done + 1 + random.nextInt(20)), _ -> {});
        done = disk.committed;
      }
    }
  }

  @Test
  void aDiskThatDoesNotTakeACommitLeavesTheOneBefore() throws IOException {
    StripGrid grid = new StripGrid(new RowRange(0, 3000), 3000, 300);
    Disk broken =
        (file, metadata) -> {
          throw new IOException("no space");
        };
    try (CandidateFile file = open(target(), grid, Disk.REAL)) {
      join(file, 1, _ -> {});
    }
    try (CandidateFile file = open(target(), grid, broken)) {
      assertThrows(IOException.class, () -> join(file, 5, _ -> {}));
    }
    try (CandidateFile file = open(target(), grid, Disk.REAL)) {
      assertEquals(1, file.finished());
      check(file);
    }
  }

  @Test
  void commitsWaitInProportionToWhatTheyTake() throws IOException {
    StripGrid grid = new StripGrid(new RowRange(0, 6000), 6000, 100);
    for (double[] expected : new double[][] {{1e6, 0.5}, {1e8, 4}, {1e10, 60}}) {
      long[] now = new long[1];
      long[] commits = new long[1];
      Disk disk =
          new Disk() {
            @Override
            public void force(FileChannel file, boolean metadata) {
              now[0] += (long) expected[0] / 2; // once for each of the two files
              commits[0] += metadata ? 1 : 0;
            }

            @Override
            public long nanoTime() {
              return now[0];
            }
          };
      try (CandidateFile file = open(target(), grid, disk)) {
        long start = now[0];
        join(file, 1000, _ -> now[0] += 200_000_000L);
        double spent = (now[0] - start) * 1e-9;
        double each = expected[1] + expected[0] * 1e-9 + 0.2; // a commit waits for the unit's end
        assertTrue(
            commits[0] <= spent / (each - 0.2) + 1 && commits[0] >= spent / each - 1,
            "%d commits in %s s".formatted(commits[0], spent));
        file.delete();
      }
    }
  }
}
