package dev.eigenseg.api.mask;

import java.util.SequencedMap;
import java.util.TreeMap;
import java.util.stream.IntStream;

/**
 * The pixels of one value of an index map, as COCO's run lengths: down the columns, first a run
 * outside the mask, which may be empty. Immutable.
 *
 * <p>The text of a mask is that of COCO's {@code maskApi}: from the fourth on, each length stands
 * as its difference to the last but one; each number takes groups of five bits, the lowest first,
 * with a sixth bit where more follow, as characters from {@code '0'} on. Among them is the
 * backslash, which JSON has to escape.
 */
public final class MaskRuns {
  private final int width;
  private final int height;
  private final int[] counts;
  private final int[] box;
  private final long area;

  private MaskRuns(int width, int height, int[] counts, int[] box, long area) {
    this.width = width;
    this.height = height;
    this.counts = counts;
    this.box = box;
    this.area = area;
  }

  /** The masks of all values that occur, by value, ascending. */
  public static SequencedMap<Integer, MaskRuns> of(IndexMap labels) {
    TreeMap<Integer, Builder> masks = new TreeMap<>();
    int width = labels.width();
    int height = labels.height();
    int pixels = width * height;
    for (int start = 0; start < pixels; ) {
      int value = labels.at(start / height, start % height);
      int end = start + 1;
      while (end < pixels && labels.at(end / height, end % height) == value) {
        end++;
      }
      masks.computeIfAbsent(value, v -> new Builder(width, height)).add(start, end);
      start = end;
    }
    TreeMap<Integer, MaskRuns> built = new TreeMap<>();
    masks.forEach((value, mask) -> built.put(value, mask.build()));
    return built;
  }

  /** A mask that grows down the columns. */
  private static final class Builder {
    private final int width;
    private final int height;
    private int minX = Integer.MAX_VALUE;
    private int minY = Integer.MAX_VALUE;
    private int maxX = -1;
    private int maxY = -1;
    private int end; // of the last run inside, in pixels down the columns
    private long area;
    private final IntStream.Builder runs = IntStream.builder();

    Builder(int width, int height) {
      this.width = width;
      this.height = height;
    }

    void add(int start, int newEnd) {
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

    MaskRuns build() {
      if (end < width * height) {
        runs.add(width * height - end);
      }
      int[] box = {minX, minY, maxX - minX + 1, maxY - minY + 1};
      return new MaskRuns(width, height, runs.build().toArray(), box, area);
    }
  }

  /** Pixels of the whole map from left to right; COCO's {@code size} is {@code [height, width]}. */
  public int width() {
    return width;
  }

  /** Pixels of the whole map from top to bottom. */
  public int height() {
    return height;
  }

  /** Pixels of the mask, at least 1. */
  public long area() {
    return area;
  }

  /** Left, top, width and height of what holds the mask, in pixels. */
  public int[] box() {
    return box.clone();
  }

  /** The run lengths, outside and inside in turn; they sum to the pixels of the map. */
  public int[] counts() {
    return counts.clone();
  }

  /** The run lengths as COCO's text. */
  public String text() {
    StringBuilder text = new StringBuilder();
    for (int i = 0; i < counts.length; i++) {
      append(text, i > 2 ? counts[i] - counts[i - 2] : counts[i]);
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
