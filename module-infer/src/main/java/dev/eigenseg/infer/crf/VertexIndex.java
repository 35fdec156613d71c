package dev.eigenseg.infer.crf;

import dev.eigenseg.api.internal.resource.CallScope;
import java.util.Arrays;

/** The distinct names of vertices, numbered in ascending order. */
final class VertexIndex {
  private static final long MIX = 0x9E3779B97F4A7C15L; // 2^64 / golden ratio: Fibonacci hashing
  private static final long EMPTY = Long.MIN_VALUE; // no name is negative

  private static final int ASKING = 1 << 16; // names between two questions whether to go on

  private long[] table = emptyTable(1 << 12);
  private int[] number = new int[table.length];
  private long[] names = new long[1 << 10];
  private int size;

  /**
   * Replaces names by numbers.
   *
   * @param all names, repeated as often as they occur
   * @param numbers receives for each its place among the distinct ones
   * @return the distinct names in ascending order
   */
  static long[] number(long[] all, int[] numbers) {
    VertexIndex index = new VertexIndex();
    CallScope scope = CallScope.current();
    for (int i = 0; i < all.length; i++) {
      if (i % ASKING == 0) {
        scope.check();
      }
      numbers[i] = index.add(all[i]);
    }
    long[] sorted = Arrays.copyOf(index.names, index.size);
    Arrays.sort(sorted);
    int[] place = new int[sorted.length];
    for (int i = 0; i < sorted.length; i++) {
      if (i % ASKING == 0) {
        scope.check();
      }
      place[index.add(sorted[i])] = i;
    }
    for (int i = 0; i < numbers.length; i++) {
      numbers[i] = place[numbers[i]];
    }
    return sorted;
  }

  private static long[] emptyTable(int size) {
    long[] table = new long[size];
    Arrays.fill(table, EMPTY);
    return table;
  }

  private int add(long name) {
    int slot = slot(name);
    if (table[slot] == name) {
      return number[slot];
    }
    if (size == names.length) {
      names = Arrays.copyOf(names, 2 * size);
    }
    names[size] = name;
    table[slot] = name;
    number[slot] = size++;
    if (2 * size > table.length) {
      grow();
    }
    return size - 1;
  }

  private int slot(long name) {
    int mask = table.length - 1;
    int slot = (int) ((name * MIX) >>> Long.numberOfLeadingZeros(mask));
    while (table[slot] != name && table[slot] != EMPTY) {
      slot = (slot + 1) & mask;
    }
    return slot;
  }

  private void grow() {
    table = emptyTable(2 * table.length);
    number = new int[table.length];
    for (int i = 0; i < size; i++) {
      int slot = slot(names[i]);
      table[slot] = names[i];
      number[slot] = i;
    }
  }
}
