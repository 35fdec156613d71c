package dev.eigenseg.cli.report;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.eigenseg.api.ImageGeometry.Size;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.util.Base64;
import java.util.zip.InflaterInputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class SmallMapTest {
  @ParameterizedTest
  @ValueSource(ints = {1, 2, 3, 256, 257, 1000, 65536})
  void numbersAreThoseGiven(int limit) throws IOException {
    Size size = new Size(41, 40);
    SmallMap map = SmallMap.of(size, 41, 40, limit, (x, y) -> (y * 7919 + x * 31) % limit);
    assertEquals(limit <= 256 ? 1 : 2, map.bytes());
    int[] values = read(map, size.width());
    assertEquals(41 * 40, values.length);
    for (int y = 0; y < 40; y++) {
      for (int x = 0; x < 41; x++) {
        assertEquals((y * 7919 + x * 31) % limit, values[y * 41 + x], x + ", " + y);
      }
    }
  }

  @Test
  void largeMapsAreTakenAtTheCentres() throws IOException {
    Size size = new Size(4, 2);
    int[] values = read(SmallMap.of(size, 12, 6, 256, (x, y) -> 12 * y + x), 4);
    assertEquals(12 + 1, values[0]);
    assertEquals(4 * 12 + 10, values[7]);
  }

  /** Slowly, as the page's script does it. */
  private static int[] read(SmallMap map, int width) throws IOException {
    byte[] rows =
        new InflaterInputStream(new ByteArrayInputStream(Base64.getDecoder().decode(map.text())))
            .readAllBytes();
    int[] values = new int[rows.length / map.bytes()];
    for (int i = 0; i < values.length; i++) {
      for (int b = 0; b < map.bytes(); b++) {
        values[i] |= (rows[i * map.bytes() + b] & 255) << (8 * b);
      }
      values[i] ^= i < width ? 0 : values[i - width];
    }
    return values;
  }
}
