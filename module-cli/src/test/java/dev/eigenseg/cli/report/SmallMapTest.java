package dev.eigenseg.cli.report;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.awt.image.BufferedImage;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.util.Base64;
import javax.imageio.ImageIO;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class SmallMapTest {
  @ParameterizedTest
  @ValueSource(ints = {1, 2, 3, 256, 257, 1000})
  void colorsAndTransparencyAreThoseGiven(int values) throws IOException {
    int side = 40;
    SmallMap map = SmallMap.of(side, side, (x, y) -> (y * side + x) % values);
    String address = Embedded.png(map.draw(SmallMapTest::color));
    String head = "data:image/png;base64,";
    assertTrue(address.startsWith(head), address);
    byte[] png = Base64.getDecoder().decode(address.substring(head.length()));
    BufferedImage image = ImageIO.read(new ByteArrayInputStream(png));
    for (int y = 0; y < side; y++) {
      for (int x = 0; x < side; x++) {
        assertEquals(color((y * side + x) % values), image.getRGB(x, y), x + ", " + y);
      }
    }
  }

  private static int color(int value) {
    return (0x40 + value % 0xC0) << 24 | (value * 2654435 & 0xFFFFFF);
  }

  @ParameterizedTest
  @ValueSource(ints = {479, 480, 481, 1920})
  void largeMapsAreTakenAtTheCentres(int width) {
    SmallMap map = SmallMap.of(width, 10, (x, y) -> x < width / 2 ? 0 : 1);
    BufferedImage image = map.draw(value -> value == 0 ? 0xFF000000 : 0xFFFFFFFF);
    assertTrue(image.getWidth() <= Thumbnail.SIDE);
    int middle = image.getWidth() / 2;
    assertEquals(0xFF000000, image.getRGB(middle - 2, 0));
    assertEquals(0xFFFFFFFF, image.getRGB(middle + 2, 0));
  }
}
