package dev.eigenseg.train;

import dev.eigenseg.api.ImageGeometry;
import dev.eigenseg.api.bank.BankViews;
import dev.eigenseg.api.internal.kernel.ImagePixels;
import dev.eigenseg.api.internal.kernel.ImagePixels.Crop;
import dev.eigenseg.api.tensor.Tensor;
import java.awt.image.BufferedImage;

/** One random view of an image of a known size, drawn but not yet looked at. Immutable. */
final class AugmentedView implements BankViews.View {
  private final Crop crop;
  private final ColorDistortion colors;
  private final ImageGeometry geometry;

  /** A rectangle and what is done to its colours; {@code geometry} without a resize. */
  AugmentedView(Crop crop, ColorDistortion colors, ImageGeometry geometry) {
    this.crop = crop;
    this.colors = colors;
    this.geometry = geometry;
  }

  /** The rectangle in the resized image. */
  Crop crop() {
    return crop;
  }

  @Override
  public int width() {
    return crop.columns();
  }

  @Override
  public int height() {
    return crop.rows();
  }

  /** Patches from top to bottom. */
  int gridRows() {
    return geometry.gridRows(width(), height());
  }

  /** Patches from left to right. */
  int gridColumns() {
    return geometry.gridColumns(width(), height());
  }

  @Override
  public Tensor pixels(BufferedImage image) {
    Tensor planes =
        ImagePixels.planes(
            image, crop, gridColumns() * geometry.patchSize(), gridRows() * geometry.patchSize());
    colors.apply(planes, width(), height());
    return planes;
  }
}
