package dev.eigenseg.cli.mask;

import dev.eigenseg.train.dataset.LabelMap;
import java.util.SequencedMap;
import java.util.TreeMap;
import java.util.stream.IntStream;

/**
 * One mask for each value of a label map, as COCO's run lengths: down the columns, first a run
 * outside the mask, which may be empty.
 *
 * <p>The text of a mask is that of COCO's {@code maskApi}: from the fourth on, each length stands
 * as its difference to the last but one; each number takes groups of five bits, the lowest first,
 * with a sixth bit where more follow, as characters from {@code '0'} on.
 */
final class MaskRuns {
  private final int width;
  private final int height;
  private int minX = Integer.MAX_VALUE;
  private int minY = Integer.MAX_VALUE;
  private int maxX = -1;
  private int maxY = -1;
  private int end; // of the last run inside, in pixels down the columns
  private long area;
  private final IntStream.Builder runs = IntStream.builder();

  private MaskRuns(int width, int height) {
    this.width = width;
    this.height = height;
  }

  /** The masks of all values that occur, by value. */
  static SequencedMap<Integer, MaskRuns> of(LabelMap labels) {
    TreeMap<Integer, MaskRuns> masks = new TreeMap<>();
    int width = labels.width();
    int height = labels.height();
    int pixels = Math.multiplyExact(width, height);
    for (int start = 0; start < pixels; ) {
      int value = labels.at(start / height, start % height);
      int end = start + 1;
      while (end < pixels && labels.at(end / height, end % height) == value) {
        end++;
      }
      masks.computeIfAbsent(value, v -> new MaskRuns(width, height)).add(start, end);
      start = end;
    }
    return masks;
  }

  private void add(int start, int newEnd) {
    runs.add(start - end).add(newEnd - start);
    area += newEnd - start;
    end = newEnd;
    int last = newEnd - 1;
    minX = Math.min(minX, start / height);
    maxX = Math.max(maxX, last / height);
    boolean wraps = start / height < last / height;
    minY = Math.min(minY, wraps ? 0 : start % height);
    maxY = Math.max(maxY, wraps ? height - 1 : last % height);
  }

  /** Pixels of the mask. */
  long area() {
    return area;
  }

  /** Left, top, width and height of what holds the mask. */
  int[] box() {
    return new int[] {minX, minY, maxX - minX + 1, maxY - minY + 1};
  }

  /** The run lengths as COCO's text. Called once. */
  String text() {
    if (end < width * height) {
      runs.add(width * height - end);
    }
    int[] lengths = runs.build().toArray();
    StringBuilder text = new StringBuilder();
    for (int i = 0; i < lengths.length; i++) {
      append(text, i > 2 ? lengths[i] - lengths[i - 2] : lengths[i]);
    }
    return text.toString();
  }

  private static void append(StringBuilder text, int number) {
    int rest = number;
    boolean more;
    do {
      int bits = rest & 0x1F;
      rest >>= 5;
      // The last group's highest bit is the sign of all.
      more = (bits & 0x10) != 0 ? rest != -1 : rest != 0;
      text.append((char) ('0' + (more ? bits | 0x20 : bits)));
    } while (more);
  }
}
