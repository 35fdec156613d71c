package dev.eigenseg.api.bank;

import dev.eigenseg.api.ImageGeometry;
import dev.eigenseg.api.PatchFeatures;
import dev.eigenseg.api.tensor.DType;
import dev.eigenseg.api.tensor.Tensor;

/**
 * An image, or a view of one, that is to be appended to a bank.
 *
 * @param features borrowed
 * @param patchColors borrowed
 */
record NewImage(
    String path, int view, int width, int height, PatchFeatures features, Tensor patchColors) {
  /**
   * Checks that it is what a bank of such settings holds.
   *
   * @throws IllegalArgumentException naming what is not
   */
  void requireFit(BankSettings settings) {
    requireGrid(
        view == ImageEntry.PLAIN ? settings.geometry() : settings.geometry().withoutResize());
    requireShape(features.low(), settings.dims().low());
    requireShape(features.mid(), settings.dims().mid());
    requireShape(features.high(), settings.dims().high());
    requireShape(patchColors, 3);
  }

  private void requireGrid(ImageGeometry geometry) {
    int rows = geometry.gridRows(width, height);
    int columns = geometry.gridColumns(width, height);
    if (features.gridRows() != rows || features.gridColumns() != columns) {
      throw new IllegalArgumentException(
          "%s: %d x %d patches, but %d x %d pixels make %d x %d under the bank's geometry"
              .formatted(
                  path, features.gridRows(), features.gridColumns(), width, height, rows, columns));
    }
  }

  private void requireShape(Tensor tensor, int dim) {
    int rows = features.patches();
    if (tensor.dtype() != DType.F32
        || tensor.rank() != 2
        || tensor.size(0) != rows
        || tensor.size(1) != dim) {
      throw new IllegalArgumentException(
          "%s: expected float32 [%d, %d], found %s".formatted(path, rows, dim, tensor));
    }
  }

  /** What the bank's list of images says of it. */
  ImageEntry entry(int id, long firstRow) {
    return new ImageEntry(
        id, path, view, width, height, features.gridRows(), features.gridColumns(), firstRow);
  }
}
