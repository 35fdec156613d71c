package dev.eigenseg.api.bank;

import dev.eigenseg.api.ImageGeometry;
import dev.eigenseg.api.tensor.Tensor;
import java.awt.image.BufferedImage;
import java.util.Map;
import java.util.stream.IntStream;

/**
 * The views of each image that a bank holds: the image as it is, then others that are made from it.
 * Thread-safe.
 */
public interface BankViews {
  /** The images as they are alone. */
  BankViews PLAIN =
      new BankViews() {
        @Override
        public int count() {
          return 1;
        }

        @Override
        public View view(ImageGeometry geometry, int width, int height, String path, int number) {
          throw new IllegalArgumentException("there is no view " + number + " of " + path);
        }

        @Override
        public Map<String, String> settings() {
          return Map.of();
        }
      };

  /** The views of an image, itself included. */
  int count();

  /**
   * One of the views that are not the image itself.
   *
   * @param geometry how the bank's images become patches
   * @param width pixels of the image
   * @param height likewise
   * @param path the image's, as the bank has it
   * @param number of the view, above {@link ImageEntry#PLAIN}
   */
  View view(ImageGeometry geometry, int width, int height, String path, int number);

  /** What a bank remembers of how they were made, by option names; empty for the images alone. */
  Map<String, String> settings();

  /** The numbers of the views, from {@link ImageEntry#PLAIN}. */
  default IntStream numbers() {
    return IntStream.range(ImageEntry.PLAIN, ImageEntry.PLAIN + count());
  }

  /** A view of an image of a known size that was not looked at yet. */
  interface View {
    /** Pixels from left to right, without padding. */
    int width();

    /** Pixels from top to bottom, without padding. */
    int height();

    /**
     * The backbone's input.
     *
     * @param image of the size for which this view was made
     * @return float32, {@code [3, height, width]}, RGB in [0, 1], of whole patches; the caller owns
     *     it
     */
    Tensor pixels(BufferedImage image);
  }
}
