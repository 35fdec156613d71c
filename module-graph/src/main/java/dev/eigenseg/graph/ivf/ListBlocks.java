package dev.eigenseg.graph.ivf;

import dev.eigenseg.graph.rows.RowRange;
import java.util.Arrays;

/**
 * The lists of a range of positions, cut into blocks of at most {@link IvfPlan#BLOCK} rows; the
 * range may begin and end within lists.
 */
final class ListBlocks {
  private final long[] listBegin;
  private final RowRange range;
  private final int firstList;
  private final int[] firstBlock;
  private final long[] blockBegin;
  private final int[] blockList;

  /**
   * Cuts.
   *
   * @param listBegin the first position of every list, and behind the last
   */
  ListBlocks(long[] listBegin, RowRange range) {
    this.listBegin = listBegin;
    this.range = range;
    this.firstList = listOf(range.first());
    int lists = range.count() == 0 ? 0 : listOf(range.end() - 1) + 1 - firstList;
    this.firstBlock = new int[lists + 1];
    for (int i = 0; i < lists; i++) {
      long rows = rowsOfList(firstList + i).count();
      firstBlock[i + 1] = firstBlock[i] + Math.toIntExact(Math.ceilDiv(rows, IvfPlan.BLOCK));
    }
    this.blockBegin = new long[firstBlock[lists] + 1];
    this.blockList = new int[firstBlock[lists]];
    for (int i = 0; i < lists; i++) {
      RowRange rows = rowsOfList(firstList + i);
      int blocks = firstBlock[i + 1] - firstBlock[i];
      for (int block = 0; block < blocks; block++) {
        blockList[firstBlock[i] + block] = firstList + i;
        blockBegin[firstBlock[i] + block] = rows.first() + rows.count() * block / blocks;
      }
    }
    blockBegin[blockList.length] = range.end();
  }

  /** The list that a position is in, or would be. */
  private int listOf(long position) {
    int found = Arrays.binarySearch(listBegin, position);
    int list = found >= 0 ? found : -found - 2;
    while (list + 1 < listBegin.length && listBegin[list + 1] == position) {
      list++; // empty lists begin there as well
    }
    return list;
  }

  RowRange range() {
    return range;
  }

  /** The first list that has rows in the range. */
  int firstList() {
    return firstList;
  }

  /** Lists from the first to the last that has rows in the range. */
  int lists() {
    return firstBlock.length - 1;
  }

  /** The positions of a list within the range. */
  RowRange rowsOfList(int list) {
    long first = Math.max(range.first(), listBegin[list]);
    return new RowRange(first, Math.max(first, Math.min(range.end(), listBegin[list + 1])));
  }

  int blocks() {
    return blockList.length;
  }

  /** The positions of a block. */
  RowRange rows(int block) {
    return new RowRange(blockBegin[block], blockBegin[block + 1]);
  }

  int list(int block) {
    return blockList[block];
  }

  /** The block that holds a position. */
  int blockOf(long position) {
    int found = Arrays.binarySearch(blockBegin, position);
    return found >= 0 ? found : -found - 2;
  }
}
