package dev.eigenseg.api.mask;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.eigenseg.api.TestSeed;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Run lengths and polygons, read back by decoders that share nothing with the encoders. */
class MaskTest {
  private static final long SEED = TestSeed.next();

  /** Noise has parts that touch at corners and holes in holes; one value has one run. */
  static Stream<IndexMap> maps() {
    Random random = new Random(SEED);
    return Stream.of(
        noise(random, 1, 1, 1),
        noise(random, 1, 17, 2),
        noise(random, 23, 1, 2),
        noise(random, 13, 11, 1),
        noise(random, 40, 31, 2),
        noise(random, 33, 48, 5),
        blobs(64, 80),
        blobs(300, 7));
  }

  private static IndexMap map(int width, int height, char[] labels) {
    return new IndexMap(width, height, (x, y) -> labels[y * width + x]);
  }

  private static IndexMap noise(Random random, int width, int height, int values) {
    char[] labels = new char[width * height];
    for (int i = 0; i < labels.length; i++) {
      labels[i] = (char) random.nextInt(values);
    }
    return map(width, height, labels);
  }

  /** Rings, so that parts have holes with parts in them. */
  private static IndexMap blobs(int width, int height) {
    char[] labels = new char[width * height];
    for (int i = 0; i < labels.length; i++) {
      double radius = Math.hypot(i % width - width / 2.0, i / width - height / 2.0);
      labels[i] = (char) ((int) (radius / 5) % 3);
    }
    return map(width, height, labels);
  }

  @ParameterizedTest
  @MethodSource("maps")
  void runLengthsAreReadBack(IndexMap map) {
    for (Map.Entry<Integer, MaskRuns> mask : MaskRuns.of(map).entrySet()) {
      boolean[] expected = pixels(map, mask.getKey());
      assertArrayEquals(expected, decode(mask.getValue().text(), map.width(), map.height()));
      assertEquals(count(expected), mask.getValue().area());
      assertEquals(map.width() * map.height(), Arrays.stream(mask.getValue().counts()).sum());
      assertArrayEquals(box(map, mask.getKey()), mask.getValue().box());
    }
  }

  @Test
  void runLengthsAreThoseOfPycocotools() {
    // pycocotools.mask.encode of the same masks, columns first.
    IndexMap map = map(3, 2, new char[] {0, 1, 1, 0, 1, 0});
    assertEquals("023O", MaskRuns.of(map).get(0).text());
    assertEquals("231", MaskRuns.of(map).get(1).text());
    char[] framed = new char[90 * 50];
    for (int i = 0; i < framed.length; i++) {
      int x = i % 90;
      int y = i / 90;
      boolean hole = x >= 20 && x < 30 && y >= 10 && y < 20;
      framed[i] = (char) (x >= 10 && x < 70 && y >= 3 && y < 40 && !hole ? 1 : 0);
    }
    assertEquals(
        "g?U1=" + "0".repeat(18) + "ROM=3C" + "M=3C".repeat(8) + "M=3a0" + "0".repeat(78) + "Uo0",
        MaskRuns.of(map(90, 50, framed)).get(1).text());
  }

  @ParameterizedTest
  @MethodSource("maps")
  void polygonsFillTheirPixels(IndexMap map) {
    for (Map.Entry<Integer, List<int[]>> polygons : MaskPolygons.of(map).entrySet()) {
      boolean[] filled = new boolean[map.width() * map.height()];
      for (int[] polygon : polygons.getValue()) {
        fill(polygon, filled, map.width(), map.height());
      }
      assertArrayEquals(pixels(map, polygons.getKey()), filled);
    }
  }

  private static boolean[] pixels(IndexMap map, int value) {
    boolean[] pixels = new boolean[map.width() * map.height()];
    for (int i = 0; i < pixels.length; i++) {
      pixels[i] = map.at(i % map.width(), i / map.width()) == value;
    }
    return pixels;
  }

  private static long count(boolean[] pixels) {
    long count = 0;
    for (boolean pixel : pixels) {
      count += pixel ? 1 : 0;
    }
    return count;
  }

  private static int[] box(IndexMap map, int value) {
    int left = map.width();
    int top = map.height();
    int right = -1;
    int bottom = -1;
    for (int y = 0; y < map.height(); y++) {
      for (int x = 0; x < map.width(); x++) {
        if (map.at(x, y) == value) {
          left = Math.min(left, x);
          right = Math.max(right, x);
          top = Math.min(top, y);
          bottom = Math.max(bottom, y);
        }
      }
    }
    return new int[] {left, top, right - left + 1, bottom - top + 1};
  }

  /** COCO's rleFrString and rleDecode, from their definition. */
  private static boolean[] decode(String text, int width, int height) {
    List<Long> lengths = new ArrayList<>();
    for (int at = 0; at < text.length(); ) {
      long number = 0;
      int bits = 0;
      int group;
      do {
        group = text.charAt(at++) - 48;
        number |= (long) (group & 31) << bits;
        bits += 5;
      } while ((group & 32) != 0);
      if ((group & 16) != 0) {
        number -= 1L << bits;
      }
      lengths.add(lengths.size() > 2 ? number + lengths.get(lengths.size() - 2) : number);
    }
    boolean[] pixels = new boolean[width * height];
    int pixel = 0;
    for (int run = 0; run < lengths.size(); run++) {
      for (long i = 0; i < lengths.get(run); i++, pixel++) {
        pixels[pixel % height * width + pixel / height] = run % 2 == 1;
      }
    }
    assertEquals(width * height, pixel, text);
    return pixels;
  }

  /** A pixel is inside if a ray from its centre to the left meets an odd number of edges. */
  private static void fill(int[] polygon, boolean[] filled, int width, int height) {
    for (int y = 0; y < height; y++) {
      for (int x = 0; x < width; x++) {
        boolean inside = false;
        for (int i = 0; i < polygon.length; i += 2) {
          int next = (i + 2) % polygon.length;
          int low = Math.min(polygon[i + 1], polygon[next + 1]);
          int high = Math.max(polygon[i + 1], polygon[next + 1]);
          inside ^= polygon[i] == polygon[next] && polygon[i] <= x && low <= y && y < high;
        }
        filled[y * width + x] |= inside;
      }
    }
  }
}
