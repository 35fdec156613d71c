package dev.eigenseg.infer.descriptor;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.eigenseg.api.BadInputException;
import dev.eigenseg.api.PatchFeatures;
import dev.eigenseg.api.UnavailableException;
import dev.eigenseg.api.tensor.DType;
import dev.eigenseg.api.tensor.Tensor;
import dev.eigenseg.infer.TestSeed;
import java.util.Arrays;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;

class DescriptorBackboneTest {
  private static final DescriptorBackbone BACKBONE = new DescriptorBackbone();

  private interface Material {
    double[] color(int x, int y, Random random);
  }

  // Two pairs that differ in colour alone and in texture alone.
  private static final Material[] MATERIALS = {
    (x, y, random) -> new double[] {0.4, 0.6, 0.9}, // sky
    (x, y, random) -> { // grass: fine noise
      double shade = 0.8 + 0.4 * random.nextDouble();
      return new double[] {0.25 * shade, 0.5 * shade, 0.2 * shade};
    },
    (x, y, random) -> { // bricks: the same mean colour everywhere, joints every 6 rows
      double shade = y % 6 == 0 ? 1.5 : 1;
      return new double[] {0.5 * shade, 0.25 * shade, 0.2 * shade};
    },
    (x, y, random) -> new double[] {0.35, 0.35, 0.37}, // road
    (x, y, random) -> { // gravel: as bright as the road, rough
      double shade = 0.15 + 0.4 * random.nextDouble();
      return new double[] {shade, shade, shade + 0.02};
    },
    (x, y, random) -> { // fence: gray bars
      double shade = x % 8 < 4 ? 0.2 : 0.5;
      return new double[] {shade, shade, shade + 0.02};
    },
  };

  private static Tensor uniform(Material material, Random random, int rows, int columns) {
    int width = columns * 16;
    int height = rows * 16;
    Tensor pixels = Tensor.allocate(DType.F32, 3, height, width);
    for (int y = 0; y < height; y++) {
      for (int x = 0; x < width; x++) {
        double[] color = material.color(x, y, random);
        for (int c = 0; c < 3; c++) {
          pixels.set(((long) c * height + y) * width + x, (float) color[c]);
        }
      }
    }
    return pixels;
  }

  @Test
  void cosinesTellMaterialsApart() {
    Random random = TestSeed.random();
    float[][][] rows = new float[MATERIALS.length][][];
    for (int i = 0; i < rows.length; i++) {
      try (Tensor pixels = uniform(MATERIALS[i], random, 3, 4);
          PatchFeatures features = BACKBONE.extract(pixels)) {
        rows[i] = new float[features.patches()][];
        for (int patch = 0; patch < rows[i].length; patch++) {
          rows[i][patch] = features.high().slice(patch, 1).toFloats();
        }
      }
    }
    double within = 1;
    double between = -1;
    for (int i = 0; i < rows.length; i++) {
      for (int j = 0; j < rows.length; j++) {
        for (float[] a : rows[i]) {
          for (float[] b : rows[j]) {
            within = i == j ? Math.min(within, cosine(a, b)) : within;
            between = i == j ? between : Math.max(between, cosine(a, b));
          }
        }
      }
    }
    assertTrue(within > between + 0.05, "within " + within + ", between " + between);
  }

  private static double cosine(float[] a, float[] b) {
    double ab = 0;
    double aa = 0;
    double bb = 0;
    for (int i = 0; i < a.length; i++) {
      ab += a[i] * b[i];
      aa += a[i] * a[i];
      bb += b[i] * b[i];
    }
    return ab / Math.sqrt(aa * bb);
  }

  @Test
  void theMeanColourIsThatOfTheNeighbourhood() {
    // Patch columns of lightness 0.3, 0.4, 0.5; the middle patch's neighbourhood has their mean.
    try (Tensor pixels =
            uniform(
                (x, y, random) -> {
                  double gray = 0.3 + 0.1 * (x / 16);
                  return new double[] {gray, gray, gray};
                },
                new Random(0),
                3,
                3);
        PatchFeatures features = BACKBONE.extract(pixels)) {
      int low = BACKBONE.dims().low();
      assertEquals(features.low().get(4L * low), features.mid().get(4L * low), 1e-4);
      float left = features.mid().get(3L * low);
      float expected = (features.low().get(3L * low) + features.low().get(4L * low)) / 2;
      assertEquals(expected, left, 1e-4);
      assertArrayEquals(
          features.low().slice(4, 1).toFloats(),
          Arrays.copyOf(features.high().slice(4, 1).toFloats(), low));
    }
  }

  @Test
  void theGridMatchesTheImage() {
    try (Tensor pixels = Tensor.allocate(DType.F32, 3, 48, 80);
        PatchFeatures features = BACKBONE.extract(pixels)) {
      assertEquals(3, features.gridRows());
      assertEquals(5, features.gridColumns());
      for (float value : features.high().toFloats()) {
        assertTrue(Float.isFinite(value));
      }
    }
    try (Tensor pixels = Tensor.allocate(DType.F32, 3, 48, 81)) {
      assertThrows(BadInputException.class, () -> BACKBONE.extract(pixels).close());
    }
  }

  @Test
  void theDescriptorTakesNoFileAndNoGpu() {
    DescriptorProvider provider = new DescriptorProvider();
    assertTrue(provider.availability().available());
    provider.open("", "cpu", Map.of()).close();
    assertThrows(BadInputException.class, () -> provider.open("file", "cpu", Map.of()).close());
    assertThrows(
        BadInputException.class, () -> provider.open("", "cpu", Map.of("heads", "6")).close());
    assertThrows(UnavailableException.class, () -> provider.open("", "cuda:0", Map.of()).close());
  }
}
