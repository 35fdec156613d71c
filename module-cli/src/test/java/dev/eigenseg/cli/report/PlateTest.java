package dev.eigenseg.cli.report;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.eigenseg.api.ImageGeometry.Size;
import java.awt.image.BufferedImage;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

class PlateTest {
  private static final List<Plate.Layer> LAYERS =
      List.of(new Plate.Layer(64, (x, y) -> (x / 14 + y / 14) % 64));

  /** What JPEG can hardly make small. */
  private static BufferedImage noise(int width, int height) {
    BufferedImage image = new BufferedImage(width, height, BufferedImage.TYPE_INT_RGB);
    Random random = new Random(1);
    for (int y = 0; y < height; y++) {
      for (int x = 0; x < width; x++) {
        image.setRGB(x, y, random.nextInt(1 << 24));
      }
    }
    return image;
  }

  @Test
  void theLargestFormIsTakenThatFits() {
    BufferedImage image = noise(2000, 1000);
    assertEquals(new Size(960, 480), Plate.of(image, LAYERS, Long.MAX_VALUE).size());
    long last = Long.MAX_VALUE;
    for (long bytes : new long[] {400_000, 150_000, 40_000}) {
      Plate plate = Plate.of(image, LAYERS, bytes);
      long taken = (long) plate.photo().length() + plate.maps().getFirst().text().length();
      assertTrue(taken <= bytes, taken + " of " + bytes);
      assertTrue(taken < last, "a smaller one for " + bytes);
      last = taken;
    }
  }

  @Test
  void smallImagesKeepTheirSizeAndNothingIsTooLarge() {
    assertEquals(new Size(40, 30), Plate.of(noise(40, 30), LAYERS, 1_000_000).size());
    assertEquals(new Size(256, 128), Plate.of(noise(2000, 1000), LAYERS, 1).size());
  }
}
