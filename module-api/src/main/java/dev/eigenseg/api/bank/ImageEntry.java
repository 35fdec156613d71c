package dev.eigenseg.api.bank;

/**
 * One image of a bank, or another view of it.
 *
 * @param id the position in the bank, from 0
 * @param path where the image was read from, as the user gave it
 * @param view 1 for the image as it is; larger numbers are augmented views of it, whose patches are
 *     not those of the image at {@code path}
 * @param width pixels of the original image, or of the view
 * @param height likewise
 * @param gridRows patches from top to bottom
 * @param gridColumns patches from left to right
 * @param firstRow the bank row of the top left patch; the image's rows follow one another
 */
public record ImageEntry(
    int id,
    String path,
    int view,
    int width,
    int height,
    int gridRows,
    int gridColumns,
    long firstRow) {
  /** The view of an image that is the image as it is. */
  public static final int PLAIN = 1;

  /** Checks path and view, and that patches can be counted. */
  public ImageEntry {
    if (gridRows < 0 || gridColumns < 0 || (long) gridRows * gridColumns > Integer.MAX_VALUE) {
      throw new IllegalArgumentException(
          "%d x %d patches of %s".formatted(gridRows, gridColumns, path));
    }
    if (path.indexOf('\0') >= 0) {
      throw new IllegalArgumentException("no path: " + path.replace('\0', '?'));
    }
    if (view < PLAIN) {
      throw new IllegalArgumentException("view %d of %s; they count from 1".formatted(view, path));
    }
  }

  /** An image as it is. */
  public ImageEntry(
      int id, String path, int width, int height, int gridRows, int gridColumns, long firstRow) {
    this(id, path, PLAIN, width, height, gridRows, gridColumns, firstRow);
  }

  /** Whether these are the patches of the image as it is. */
  public boolean plain() {
    return view == PLAIN;
  }

  /** For people: the path, and which view it is unless it is the image itself. */
  public String name() {
    return plain() ? path : path + "#" + view;
  }

  /** The number of patches. */
  public int patches() {
    return gridRows * gridColumns;
  }
}
