package dev.eigenseg.api;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.eigenseg.api.CrfOptions.Tiles;
import java.util.Random;
import org.junit.jupiter.api.Test;

class CrfOptionsTest {
  @Test
  void tilesHaveAtMostTheirPixels() {
    Random random = TestSeed.random();
    for (int trial = 0; trial < 1000; trial++) {
      int width = 1 + random.nextInt(trial % 3 == 0 ? 100 : 10_000);
      int height = 1 + random.nextInt(trial % 5 == 0 ? 100 : 10_000);
      long most = 4096L + random.nextInt(trial % 2 == 0 ? 1000 : 2_000_000);
      Tiles tiles = CrfOptions.DEFAULT.withMaxPixels(most).tiles(width, height);
      long tileWidth = Math.min(width, Math.ceilDiv(width, tiles.columns()) + 2L * tiles.margin());
      long tileHeight = Math.min(height, Math.ceilDiv(height, tiles.rows()) + 2L * tiles.margin());
      assertTrue(
          tileWidth * tileHeight <= most,
          "%d x %d in %s of at most %d".formatted(width, height, tiles, most));
      assertEquals((long) width * height <= most, tiles.count() == 1);
    }
  }

  @Test
  void tilesOverlapByTwoDeviations() {
    assertEquals(new Tiles(1, 1, 0), CrfOptions.DEFAULT.tiles(1024, 1024));
    assertEquals(new Tiles(2, 2, 134), CrfOptions.DEFAULT.tiles(1025, 1100));
    assertEquals(new Tiles(11, 11, 134), CrfOptions.DEFAULT.tiles(8192, 8192));
    assertEquals(new Tiles(1, 11, 134), CrfOptions.DEFAULT.tiles(1024, 8192));
  }

  @Test
  void whatMakesNoSenseIsRefused() {
    assertThrows(IllegalArgumentException.class, () -> new CrfOptions(0, 3, 1, 4, 67, 3, 1 << 20));
    assertThrows(IllegalArgumentException.class, () -> new CrfOptions(1, -1, 1, 4, 67, 3, 1 << 20));
    assertThrows(IllegalArgumentException.class, () -> new CrfOptions(1, 3, 0, 4, 67, 3, 1 << 20));
    assertThrows(
        IllegalArgumentException.class, () -> new CrfOptions(1, 3, 1, 4, 67, Double.NaN, 1 << 20));
    assertThrows(IllegalArgumentException.class, () -> CrfOptions.DEFAULT.withMaxPixels(4095));
  }
}
