package dev.eigenseg.api.bank;

/**
 * One image of a bank.
 *
 * @param id the position in the bank, from 0
 * @param path where the image was read from, as the user gave it
 * @param width pixels of the original image
 * @param height pixels of the original image
 * @param gridRows patches from top to bottom
 * @param gridColumns patches from left to right
 * @param firstRow the bank row of the top left patch; the image's rows follow one another
 */
public record ImageEntry(
    int id, String path, int width, int height, int gridRows, int gridColumns, long firstRow) {
  /** The number of patches. */
  public int patches() {
    return gridRows * gridColumns;
  }
}
