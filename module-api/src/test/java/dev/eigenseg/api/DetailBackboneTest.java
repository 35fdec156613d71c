package dev.eigenseg.api;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.eigenseg.api.tensor.DType;
import dev.eigenseg.api.tensor.Tensor;
import java.io.IOException;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;

class DetailBackboneTest {
  private static final int PATCH = 4;

  /** Every level of a patch: the red of its first pixel, the green of its last, and 1. */
  private static final class Corners implements Backbone {
    private boolean closed;

    @Override
    public String id() {
      return "corners";
    }

    @Override
    public String sha256() {
      return "0";
    }

    @Override
    public int patchSize() {
      return PATCH;
    }

    @Override
    public FeatureDims dims() {
      return new FeatureDims(3, 3, 3);
    }

    @Override
    public PatchFeatures extract(Tensor pixels) {
      int rows = Math.toIntExact(pixels.size(1) / PATCH);
      int columns = Math.toIntExact(pixels.size(2) / PATCH);
      return new PatchFeatures(rows, columns, level(pixels), level(pixels), level(pixels));
    }

    private static Tensor level(Tensor pixels) {
      long height = pixels.size(1);
      long width = pixels.size(2);
      Tensor level = Tensor.allocate(DType.F32, height / PATCH * (width / PATCH), 3);
      long place = 0;
      for (long y = 0; y < height; y += PATCH) {
        for (long x = 0; x < width; x += PATCH) {
          level.set(place++, pixels.get(y * width + x));
          level.set(place++, pixels.get((height + y + PATCH - 1) * width + x + PATCH - 1));
          level.set(place++, 1);
        }
      }
      return level;
    }

    @Override
    public void close() {
      closed = true;
    }
  }

  /** The value of an enlarged plane by the formula of half-pixel centres. */
  private static double enlarged(Tensor pixels, int channel, int y, int x, int factor) {
    long height = pixels.size(1);
    long width = pixels.size(2);
    double v = Math.clamp((y + 0.5) / factor - 0.5, 0, height - 1);
    double u = Math.clamp((x + 0.5) / factor - 0.5, 0, width - 1);
    double sum = 0;
    for (long j = (long) v; j <= Math.min(height - 1, (long) v + 1); j++) {
      for (long i = (long) u; i <= Math.min(width - 1, (long) u + 1); i++) {
        double weight = Math.max(0, 1 - Math.abs(v - j)) * Math.max(0, 1 - Math.abs(u - i));
        sum += weight * pixels.get((channel * height + j) * width + i);
      }
    }
    return sum;
  }

  @Test
  void bothLooksStandSideBySideEachOfLengthOne() throws IOException {
    int factor = 3;
    try (Backbone backbone =
            Backbones.detailed(
                Map.of("detail", "3", "heads", "6"),
                own -> {
                  assertEquals(Map.of("heads", "6"), own);
                  return new Corners();
                });
        Tensor pixels = Tensor.allocate(DType.F32, 3, 2 * PATCH, 3 * PATCH)) {
      Random random = new Random(5);
      for (long i = 0; i < pixels.size(); i++) {
        pixels.set(i, random.nextFloat());
      }
      assertEquals(new Backbone.FeatureDims(3, 3, 6), backbone.dims());
      assertEquals(Map.of("detail", "3"), backbone.settings());
      try (PatchFeatures features = backbone.extract(pixels)) {
        for (int patch = 0; patch < 6; patch++) {
          double[] first = new double[3];
          for (int c = 0; c < 3; c++) {
            first[c] = features.low().get(patch * 3L + c);
          }
          double[] second = new double[3];
          for (int i = 0; i < factor * factor; i++) {
            int y = (patch / 3 * factor + i / factor) * PATCH;
            int x = (patch % 3 * factor + i % factor) * PATCH;
            second[0] += enlarged(pixels, 0, y, x, factor);
            second[1] += enlarged(pixels, 1, y + PATCH - 1, x + PATCH - 1, factor);
            second[2] += 1;
          }
          assertUnit(first, features.high(), patch * 6L);
          assertUnit(second, features.high(), patch * 6L + 3);
        }
      }
    }
  }

  private static void assertUnit(double[] direction, Tensor found, long place) {
    double length =
        Math.sqrt(
            direction[0] * direction[0]
                + direction[1] * direction[1]
                + direction[2] * direction[2]);
    for (int c = 0; c < 3; c++) {
      assertEquals(direction[c] / length, found.get(place + c), 1e-5);
    }
  }

  @Test
  void aFactorThatIsNoneIsRefusedAndTheBackboneClosed() {
    for (String factor : new String[] {"1", "9", "two", ""}) {
      Corners corners = new Corners();
      String message =
          assertThrows(
                  BadInputException.class,
                  () -> Backbones.detailed(Map.of("detail", factor), own -> corners))
              .getMessage();
      assertTrue(message.contains("from 2 to 8"), message);
      assertTrue(corners.closed);
    }
  }
}
