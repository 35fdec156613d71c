package dev.eigenseg.graph.strips;

import dev.eigenseg.api.Progress;
import dev.eigenseg.graph.rows.RowRange;
import java.io.IOException;
import java.io.UncheckedIOException;

/**
 * Goes through the units that a store has not finished, and brings the candidates of their strips
 * into memory and back.
 *
 * @param grid the units
 * @param size of the candidates
 * @param store keeps them
 */
public record UnitLoop(
    StripGrid grid, StripCandidates.Size size, CandidateStore store, Progress progress) {
  /**
   * What a thread multiplies in a unit of work, about half a minute at 30 to 40 G/s: as much is
   * lost when a search is killed, and saving candidates costs a fraction of it.
   */
  public static final double UNIT_PRODUCTS = 1e12;

  /** Work on a unit. */
  @FunctionalInterface
  public interface Join {
    /**
     * Joins a strip with itself or with one behind it.
     *
     * @param own one of the range's strips
     * @param other the same object, or a strip behind it
     * @param soon the rows of the strip that the next unit reads, none behind the last
     */
    void join(StripCandidates own, StripCandidates other, RowRange soon);
  }

  /**
   * Does them.
   *
   * @throws UncheckedIOException if candidates cannot be kept
   */
  public void run(Join join) {
    try {
      for (int strip = 0; strip < grid.rowStrips(); strip++) {
        if (store.finished() < grid.firstUnit(strip + 1)) {
          joinRowStrip(strip, Math.max(store.finished(), grid.firstUnit(strip)), join);
        }
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private void joinRowStrip(int strip, long firstUnit, Join join) throws IOException {
    try (StripCandidates own = load(strip, firstUnit)) {
      for (long unit = firstUnit; unit < grid.firstUnit(strip + 1); unit++) {
        int other = strip + (int) (unit - grid.firstUnit(strip));
        boolean last = other == grid.strips() - 1;
        joinUnit(own, other, unit, soon(last ? strip + 1 : other + 1), join);
        if (last || store.due()) {
          own.save(store, unit + 1);
          store.finish(unit + 1);
        }
      }
    }
  }

  /** The rows of a strip that the next unit reads. */
  private RowRange soon(int strip) {
    return strip < grid.strips() ? grid.strip(strip) : new RowRange(0, 0);
  }

  private void joinUnit(StripCandidates own, int other, long unit, RowRange soon, Join join) {
    if (grid.strip(other).equals(own.range())) {
      join.join(own, own, soon);
      return;
    }
    try (StripCandidates columns = load(other, unit)) {
      join.join(own, columns, soon);
      columns.save(store, unit + 1);
    }
  }

  /** The candidates of a strip as the units before this one left them. */
  private StripCandidates load(int strip, long unit) {
    return grid.uses(strip, unit) > 0
        ? StripCandidates.load(grid.strip(strip), size, store, progress)
        : new StripCandidates(grid.strip(strip), size, progress);
  }
}
