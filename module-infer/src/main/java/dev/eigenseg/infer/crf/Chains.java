package dev.eigenseg.infer.crf;

import java.util.Arrays;

/**
 * The vertices along one axis of a lattice: runs of neighbours, where a missing neighbour ends a
 * run. Chains of one vertex are left out, because a blur does not change them; the others are
 * ordered by length, so that loops over them have a constant count that branch prediction learns.
 *
 * @param vertices of chain after chain
 * @param counts how many chains there are of each length, which is the index
 */
@SuppressWarnings("ArrayRecordComponent")
record Chains(int[] vertices, int[] counts) {
  private static final int NONE = -1;

  /**
   * Finds the chains.
   *
   * @param names of the vertices, ascending
   * @param step the difference of neighbours' names
   */
  static Chains along(long[] names, long step) {
    int[] next = next(names, Math.abs(step));
    int[] length = lengths(next);
    int longest = Arrays.stream(length).max().orElse(0);
    int[] counts = new int[Math.max(longest, 1) + 1];
    for (int i = 0; i < length.length; i++) {
      counts[length[i]]++;
    }
    counts[0] = 0; // vertices within a chain
    counts[1] = 0;
    int[] position = new int[counts.length];
    int size = 0;
    for (int l = 2; l < counts.length; l++) {
      position[l] = size;
      size += l * counts[l];
    }
    int[] vertices = new int[size];
    for (int i = 0; i < length.length; i++) {
      if (length[i] > 1) {
        for (int vertex = i; vertex != NONE; vertex = next[vertex]) {
          vertices[position[length[i]]++] = vertex;
        }
      }
    }
    return new Chains(vertices, counts);
  }

  /** For each vertex the one a step ahead; both walk up the names together. */
  private static int[] next(long[] names, long step) {
    int[] next = new int[names.length];
    int ahead = 0;
    for (int i = 0; i < names.length; i++) {
      long wanted = names[i] + step;
      while (ahead < names.length && names[ahead] < wanted) {
        ahead++;
      }
      next[i] = ahead < names.length && names[ahead] == wanted ? ahead : NONE;
    }
    return next;
  }

  /** For the first vertex of each chain its length, for the others 0. */
  private static int[] lengths(int[] next) {
    int[] length = new int[next.length];
    for (int i = next.length - 1; i >= 0; i--) {
      length[i] = next[i] == NONE ? 1 : 1 + length[next[i]];
    }
    for (int i = 0; i < next.length; i++) {
      if (next[i] != NONE) {
        length[next[i]] = 0;
      }
    }
    return length;
  }
}
