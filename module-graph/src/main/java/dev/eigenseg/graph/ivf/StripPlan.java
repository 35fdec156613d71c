package dev.eigenseg.graph.ivf;

import dev.eigenseg.api.BadInputException;
import dev.eigenseg.graph.rows.Candidates;
import dev.eigenseg.graph.rows.RowRange;
import dev.eigenseg.graph.strips.CandidateStore;
import dev.eigenseg.graph.strips.StripCandidates;
import dev.eigenseg.graph.strips.StripGrid;
import dev.eigenseg.graph.strips.UnitLoop;

/**
 * How a join of inverted lists in a file is cut so that it stays within its memory: the candidates
 * of two strips and the rows of one are held at a time. The result does not depend on it.
 *
 * @param plan sizes; its places are the probes
 * @param recordBytes bytes of a row in the file
 * @param range the positions that are joined with themselves and all behind them
 * @param stripRows rows of a strip
 */
record StripPlan(IvfPlan plan, long recordBytes, RowRange range, long stripRows) {
  private static final long LEAST_ROWS = IvfPlan.BLOCK;
  private static final long BYTES_OF_LIST = 64;

  /**
   * Plans for a memory.
   *
   * @throws BadInputException if not even small strips fit
   */
  static StripPlan of(IvfPlan plan, long recordBytes, RowRange range, long memory) {
    StripPlan all = new StripPlan(plan, recordBytes, range, Math.max(1, plan.rows()));
    long ofWork =
        (long) (plan.rows() * Math.sqrt(unit(plan) / Math.max(1, 2 * plan.joinMultiplyAdds())));
    StripPlan even = all.even(inOneUnit(plan) ? plan.rows() : Math.max(LEAST_ROWS, ofWork));
    if (even.bytes() <= memory) {
      return even;
    }
    long ofMemory =
        Math.max(
            LEAST_ROWS,
            (memory - even.fixedBytes()) / (2 * even.candidateBytes() + even.rowBytes()));
    StripPlan smaller = all.even(Math.min(even.stripRows, ofMemory));
    if (smaller.bytes() > memory) {
      throw new BadInputException(
          ("the search needs at least %,d bytes of memory for %,d rows of %d channels, k = %d and %d threads;"
                  + " allowed are %,d: allow more with --memory")
              .formatted(
                  new StripPlan(plan, recordBytes, range, LEAST_ROWS).bytes(),
                  plan.rows(),
                  plan.dim(),
                  plan.k(),
                  plan.threads(),
                  memory));
    }
    return smaller;
  }

  /** Whether joining all is no more than a unit of work: it need not be kept when it is stopped. */
  static boolean inOneUnit(IvfPlan plan) {
    return plan.joinMultiplyAdds() <= unit(plan);
  }

  private static double unit(IvfPlan plan) {
    return UnitLoop.UNIT_PRODUCTS * plan.threads();
  }

  /** Strips of about the same size, at most so large. */
  private StripPlan even(long most) {
    long all = Math.max(1, plan.rows() - range.first());
    long strips = Math.ceilDiv(all, most);
    return new StripPlan(plan, recordBytes, range, Math.ceilDiv(all, strips));
  }

  /**
   * The same search with strips of another size, because it was begun with them.
   *
   * @throws BadInputException if they need more than the memory
   */
  StripPlan continued(long newStripRows, long memory) {
    StripPlan begun = new StripPlan(plan, recordBytes, range, newStripRows);
    if (begun.bytes() > memory && newStripRows != stripRows) {
      throw new BadInputException(
          ("the search was begun with strips of %,d rows and needs at least %,d bytes of memory "
                  + "to go on; allowed are %,d: allow more, or start over with --overwrite")
              .formatted(newStripRows, begun.bytes(), memory));
    }
    return begun;
  }

  /** The units of work. */
  StripGrid grid() {
    return new StripGrid(range, plan.rows(), stripRows);
  }

  StripCandidates.Size size() {
    return new StripCandidates.Size(plan.k(), plan.capacity(), plan.threads(), false);
  }

  /** Peak bytes, heap and off-heap together. */
  long bytes() {
    long held = Math.min(2, grid().strips());
    return fixedBytes() + stripRows * (held * candidateBytes() + rowBytes());
  }

  private long candidateBytes() {
    return Candidates.bytesPerRow(plan.capacity());
  }

  /** Of a row of the strip that looks: itself, and its place in the lists that it looks into. */
  private long rowBytes() {
    return recordBytes + (long) plan.places() * Integer.BYTES;
  }

  private long fixedBytes() {
    long chunk = 2 * CandidateStore.chunkBytes(CandidateStore.chunkRows(plan.k()), plan.k());
    long worker = plan.joiningBytes() + IvfPlan.BLOCK * recordBytes + chunk;
    return plan.lists() * BYTES_OF_LIST + plan.threads() * worker;
  }
}
