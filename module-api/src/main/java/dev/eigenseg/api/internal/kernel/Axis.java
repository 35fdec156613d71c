package dev.eigenseg.api.internal.kernel;

/**
 * Where the positions of one axis fall between the cells of another, by half-pixel centres: pixels
 * of an image between those of one of another size, or between the patches of a grid. The outermost
 * cells' centres clamp. A value is {@code a + weight * (b - a)} of the two cells around it.
 *
 * @param cells cells of the other axis
 * @param first for each position the cell before it
 * @param weight for each position the weight of the cell after it
 */
@SuppressWarnings("ArrayRecordComponent") // internal, and never compared
public record Axis(int cells, int[] first, float[] weight) {
  /** Where the centre of a position lies, in cells. */
  private interface Centre {
    double of(int position);
  }

  /** All of the cells, spread over all of the positions. */
  public static Axis of(int size, int cells) {
    return of(size, cells, (double) cells);
  }

  /**
   * Positions over a part of the cells: the centre of position i lies at cell {@code (i + 0.5) *
   * contentCells / size - 0.5}. On the last cell's centre and beyond, that cell is the one before.
   *
   * @param size positions
   * @param contentCells cells that hold the image; the rest is padding
   */
  public static Axis of(int size, int cells, double contentCells) {
    return at(size, cells, i -> (i + 0.5) * contentCells / size - 0.5);
  }

  /**
   * As {@link #of(int, int)}, with the distance of two positions rounded first. Centres differ by
   * an ulp, of which the bits of the images in every bank are made.
   */
  public static Axis stepping(int size, int cells) {
    double step = (double) cells / size;
    return at(size, cells, i -> (i + 0.5) * step - 0.5);
  }

  private static Axis at(int size, int cells, Centre centre) {
    int[] first = new int[size];
    float[] weight = new float[size];
    for (int i = 0; i < size; i++) {
      double place = Math.clamp(centre.of(i), 0, cells - 1);
      first[i] = (int) place;
      weight[i] = (float) (place - first[i]);
    }
    return new Axis(cells, first, weight);
  }

  /**
   * The same with the last cell's centre as the end of the interval before it: weight 1 instead of
   * 0. Positions are then in as few intervals as there are, which is what runs are made of.
   */
  public Axis inIntervals() {
    int[] starts = first.clone();
    float[] shares = weight.clone();
    for (int i = 0; i < size(); i++) {
      if (cells > 1 && starts[i] == cells - 1) {
        starts[i]--;
        shares[i] = 1;
      }
    }
    return new Axis(cells, starts, shares);
  }

  /** The same positions counted from the other end. */
  public Axis mirrored() {
    int[] mirroredFirst = new int[size()];
    float[] mirroredWeight = new float[size()];
    for (int i = 0; i < size(); i++) {
      mirroredFirst[i] = first[size() - 1 - i];
      mirroredWeight[i] = weight[size() - 1 - i];
    }
    return new Axis(cells, mirroredFirst, mirroredWeight);
  }

  /** Positions. */
  public int size() {
    return first.length;
  }

  /** The cell after a position whose cell before it is {@code cell}. */
  public int second(int cell) {
    return Math.min(cell + 1, cells - 1);
  }

  /** The value at position {@code i}, of those of the two cells around it. */
  public float mix(int i, float a, float b) {
    return a + weight[i] * (b - a);
  }

  /** The end of the run of positions that lie in the same interval as position {@code start}. */
  public int runEnd(int start) {
    int end = start + 1;
    while (end < first.length && first[end] == first[start]) {
      end++;
    }
    return end;
  }

  /** The cells that some positions need. */
  public Cells cells(int firstPosition, int positions) {
    int one = first[firstPosition];
    int other = first[firstPosition + positions - 1];
    int start = Math.min(one, other);
    return new Cells(start, second(Math.max(one, other)) + 1 - start);
  }

  /**
   * A run of cells.
   *
   * @param first the first cell
   * @param count how many
   */
  public record Cells(int first, int count) {}
}
