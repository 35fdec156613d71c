package dev.eigenseg.api.internal.kernel;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.eigenseg.api.BadInputException;
import dev.eigenseg.api.TestSeed;
import dev.eigenseg.api.internal.kernel.ImagePixels.Crop;
import dev.eigenseg.api.tensor.DType;
import dev.eigenseg.api.tensor.Tensor;
import java.awt.image.BufferedImage;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** Crops are parts of the whole, mirrored ones too, whatever the image's type. */
class ImagePixelsTest {
  private static BufferedImage noise(Random random, int type) {
    BufferedImage image = new BufferedImage(1 + random.nextInt(40), 1 + random.nextInt(40), type);
    for (int y = 0; y < image.getHeight(); y++) {
      for (int x = 0; x < image.getWidth(); x++) {
        image.setRGB(x, y, random.nextInt() | 0xFF000000);
      }
    }
    return image;
  }

  @Test
  void cropsArePartsOfTheWhole() {
    long seed = TestSeed.next();
    Random random = new Random(seed);
    for (int trial = 0; trial < 200; trial++) {
      int type = trial % 2 == 0 ? BufferedImage.TYPE_INT_RGB : BufferedImage.TYPE_3BYTE_BGR;
      BufferedImage image = noise(random, type);
      int width = 1 + random.nextInt(60);
      int height = 1 + random.nextInt(60);
      int left = random.nextInt(width);
      int top = random.nextInt(height);
      boolean mirrored = random.nextBoolean();
      int columns = 1 + random.nextInt(width - left);
      int rows = 1 + random.nextInt(height - top);
      Crop crop = new Crop(width, height, mirrored, left, top, columns, rows);
      int paddedWidth = columns + random.nextInt(5);
      int paddedHeight = rows + random.nextInt(5);
      try (Tensor whole =
              ImagePixels.planes(image, Crop.whole(width, height, false), width, height);
          Tensor found = ImagePixels.planes(image, crop, paddedWidth, paddedHeight)) {
        for (int i = 0; i < found.size(); i++) {
          int x = i % paddedWidth;
          int y = i / paddedWidth % paddedHeight;
          int channel = i / paddedWidth / paddedHeight;
          int column = mirrored ? width - 1 - left - x : left + x;
          float expected =
              x < columns && y < rows
                  ? whole.get(((long) channel * height + top + y) * width + column)
                  : 0;
          assertEquals(expected, found.get(i), 0f, crop + " at " + x + ", " + y);
        }
      }
    }
  }

  @Test
  void pixelsOfWholePatchesAreAllThatABackboneReads() {
    try (Tensor fine = Tensor.allocate(DType.F32, 3, 4, 8)) {
      ImagePixels.requirePatches(fine, 4, "some");
    }
    assertRefused(DType.F16, 3, 4, 8);
    assertRefused(DType.F32, 12, 8);
    assertRefused(DType.F32, 1, 4, 8);
    assertRefused(DType.F32, 3, 5, 8);
    assertRefused(DType.F32, 3, 4, 7);
    assertRefused(DType.F32, 3, 0, 8);
  }

  private static void assertRefused(DType type, long... shape) {
    try (Tensor pixels = Tensor.allocate(type, shape)) {
      BadInputException e =
          assertThrows(
              BadInputException.class, () -> ImagePixels.requirePatches(pixels, 4, "some"));
      assertTrue(e.getMessage().contains("'some'"), e.getMessage());
      assertTrue(e.getMessage().contains(pixels.toString()), e.getMessage());
    }
  }

  @Test
  void colorsAreThoseOfTheImage() {
    BufferedImage image = noise(new Random(1), BufferedImage.TYPE_3BYTE_BGR);
    int[] colors = ImagePixels.colors(image);
    for (int i = 0; i < colors.length; i++) {
      int rgb = image.getRGB(i % image.getWidth(), i / image.getWidth());
      assertEquals(rgb & 0xFFFFFF, colors[i]);
    }
  }
}
