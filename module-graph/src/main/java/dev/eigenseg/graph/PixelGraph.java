package dev.eigenseg.graph;

import dev.eigenseg.api.Progress;
import dev.eigenseg.api.bank.FeatureRows;
import dev.eigenseg.api.bank.ImageEntry;
import java.io.IOException;
import java.util.List;

/** The pixel graph: joins patches of one image that are near and alike in colour. */
public final class PixelGraph {
  private PixelGraph() {}

  /** The block-diagonal normalised adjacency of images whose rows follow one another. */
  public static NormalizedAdjacency adjacency(
      List<GridColors> images, PixelGraphOptions options, int threads) {
    throw new UnsupportedOperationException("pixel graph of " + images.size() + " images");
  }

  /**
   * The block-diagonal normalised adjacency of a bank.
   *
   * @param images the images of the bank
   * @param pixels the bank's level {@link dev.eigenseg.api.bank.Level#PIXELS}
   */
  public static NormalizedAdjacency adjacency(
      List<ImageEntry> images,
      FeatureRows pixels,
      PixelGraphOptions options,
      int threads,
      Progress progress)
      throws IOException {
    throw new UnsupportedOperationException("pixel graph of " + images.size() + " images");
  }
}
