package dev.eigenseg.infer.descriptor;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.eigenseg.api.ImageGeometry;
import dev.eigenseg.api.ImageGeometry.Border;
import dev.eigenseg.api.ImageGeometry.Size;
import dev.eigenseg.api.PatchFeatures;
import dev.eigenseg.api.tensor.Tensor;
import java.awt.image.BufferedImage;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/** Sides that are no multiple of the patch leave no trace in the features. */
class BorderTest {
  private static final int PATCH = 16;

  private static BufferedImage plain(int width, int height) {
    BufferedImage image = new BufferedImage(width, height, BufferedImage.TYPE_INT_RGB);
    for (int y = 0; y < height; y++) {
      for (int x = 0; x < width; x++) {
        image.setRGB(x, y, 0x8090a0);
      }
    }
    return image;
  }

  private static ImageGeometry own(Border border) {
    return new ImageGeometry(Optional.empty(), PATCH).withBorder(border);
  }

  /** The largest difference between a patch's high features and those of the first patch. */
  private static float difference(ImageGeometry geometry, BufferedImage image) {
    try (DescriptorBackbone backbone = new DescriptorBackbone();
        Tensor pixels = geometry.pixels(image);
        PatchFeatures features = backbone.extract(pixels)) {
      Tensor high = features.high();
      float largest = 0;
      for (long row = 0; row < high.size(0); row++) {
        for (long c = 0; c < high.size(1); c++) {
          largest = Math.max(largest, Math.abs(high.get(row * high.size(1) + c) - high.get(c)));
        }
      }
      return largest;
    }
  }

  @Test
  void patchesAtTheEdgeOfAPlainImageAreAsAllOthers() {
    for (Size size : new Size[] {new Size(100, 75), new Size(104, 72), new Size(65, 63)}) {
      BufferedImage image = plain(size.width(), size.height());
      assertEquals(0, difference(own(Border.FIT), image), 1e-5, size.toString());
      assertTrue(difference(own(Border.BLACK), image) > 0.1, "what black does at " + size);
    }
  }

  @Test
  void imagesAreFittedToTheNearestWholePatches() {
    ImageGeometry fit = own(Border.FIT);
    assertEquals(new Size(96, 80), fit.content(100, 75));
    assertEquals(new Size(112, 64), fit.content(104, 71));
    assertEquals(new Size(16, 16), fit.content(3, 7)); // at least one patch
    assertEquals(new Size(128, 64), fit.content(128, 64));
    ImageGeometry resized =
        new ImageGeometry(Optional.of(new Size(480, 352)), 14).withBorder(Border.FIT);
    assertEquals(new Size(476, 350), resized.content(1000, 600));
    assertEquals(34, resized.gridColumns(1000, 600));
    assertEquals(25, resized.gridRows(1000, 600));
    try (Tensor pixels = resized.pixels(plain(50, 40))) {
      assertEquals(350, pixels.size(1));
      assertEquals(476, pixels.size(2));
    }
  }
}
