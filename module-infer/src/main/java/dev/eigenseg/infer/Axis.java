package dev.eigenseg.infer;

/**
 * Where the pixels of one axis fall between the cells of a grid, whose outermost centres they are
 * clamped at.
 *
 * @param cells cells of the grid
 * @param first for each pixel the cell before it
 * @param weight for each pixel the weight of the cell after it
 */
@SuppressWarnings("ArrayRecordComponent") // package-private, and never compared
record Axis(int cells, int[] first, float[] weight) {
  /**
   * Pixels over a part of a grid: the centre of pixel i lies at cell {@code (i + 0.5) *
   * contentCells / size - 0.5}.
   *
   * @param size pixels
   * @param contentCells cells that hold the image; the rest is padding
   */
  static Axis of(int size, int cells, double contentCells) {
    int[] first = new int[size];
    float[] weight = new float[size];
    for (int i = 0; i < size; i++) {
      double position = Math.clamp((i + 0.5) * contentCells / size - 0.5, 0, cells - 1);
      first[i] = Math.min((int) position, Math.max(0, cells - 2));
      weight[i] = (float) (position - first[i]);
    }
    return new Axis(cells, first, weight);
  }

  /** The same pixels counted from the other end. */
  Axis mirrored() {
    int[] mirroredFirst = new int[size()];
    float[] mirroredWeight = new float[size()];
    for (int i = 0; i < size(); i++) {
      mirroredFirst[i] = first[size() - 1 - i];
      mirroredWeight[i] = weight[size() - 1 - i];
    }
    return new Axis(cells, mirroredFirst, mirroredWeight);
  }

  int size() {
    return first.length;
  }

  int second(int cell) {
    return Math.min(cell + 1, cells - 1);
  }

  /** The end of the run of pixels that lie in the same interval as pixel {@code start}. */
  int runEnd(int start) {
    int end = start + 1;
    while (end < first.length && first[end] == first[start]) {
      end++;
    }
    return end;
  }

  /** The cells that some pixels need. */
  Cells cells(int firstPixel, int pixels) {
    int one = first[firstPixel];
    int other = first[firstPixel + pixels - 1];
    int start = Math.min(one, other);
    return new Cells(start, second(Math.max(one, other)) + 1 - start);
  }

  /**
   * A run of cells.
   *
   * @param first the first cell
   * @param count how many
   */
  record Cells(int first, int count) {}
}
