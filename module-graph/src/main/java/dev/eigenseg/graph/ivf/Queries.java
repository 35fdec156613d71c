package dev.eigenseg.graph.ivf;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * Owns, for every list, the positions of the rows of other lists that look into it, rising: the
 * probes of all rows, transposed.
 */
final class Queries implements AutoCloseable {
  private final Arena arena = Arena.ofShared();
  private final long[] begin;
  private final MemorySegment positions;

  /**
   * Transposes.
   *
   * @param probes lists that every row looks into, the first of its ranking
   */
  Queries(InvertedLists inverted, RankedLists ranked, int probes) {
    this.begin = new long[inverted.lists() + 1];
    forEach(inverted, ranked, probes, (list, position) -> begin[list + 1]++);
    for (int list = 0; list < inverted.lists(); list++) {
      begin[list + 1] += begin[list];
    }
    try {
      this.positions = arena.allocate(ValueLayout.JAVA_INT, begin[inverted.lists()]);
    } catch (RuntimeException | Error e) {
      arena.close();
      throw e;
    }
    long[] next = begin.clone();
    forEach(
        inverted,
        ranked,
        probes,
        (list, position) ->
            positions.setAtIndex(ValueLayout.JAVA_INT, next[list]++, (int) position));
  }

  private interface Probe {
    void of(int list, long position);
  }

  private static void forEach(InvertedLists inverted, RankedLists ranked, int probes, Probe probe) {
    for (int own = 0; own < inverted.lists(); own++) {
      for (long at = inverted.listBegin(own); at < inverted.listBegin(own + 1); at++) {
        long row = inverted.id(at);
        for (int place = 0; place < probes; place++) {
          int list = ranked.list(row, place);
          if (list != own) {
            probe.of(list, at);
          }
        }
      }
    }
  }

  /** How many rows look into a list. */
  long count(int list) {
    return begin[list + 1] - begin[list];
  }

  /** The position of one of them. */
  long position(int list, long i) {
    return Integer.toUnsignedLong(positions.getAtIndex(ValueLayout.JAVA_INT, begin[list] + i));
  }

  @Override
  public void close() {
    if (arena.scope().isAlive()) {
      arena.close();
    }
  }
}
