package dev.eigenseg.infer.segment;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.eigenseg.api.BadInputException;
import dev.eigenseg.api.ImageGeometry;
import dev.eigenseg.api.ImageGeometry.Size;
import dev.eigenseg.api.Segmentation;
import dev.eigenseg.api.tensor.Tensor;
import dev.eigenseg.infer.Fixtures;
import dev.eigenseg.infer.TestSeed;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.Test;

class UpsamplerTest {
  /** The scalar oracle: every cluster's logit of every pixel in double precision. */
  private static double[] logits(
      float[] grid, int columns, int clusters, double gridY, double gridX, int rows) {
    double cy = Math.clamp(gridY, 0, rows - 1);
    double cx = Math.clamp(gridX, 0, columns - 1);
    int y = (int) cy;
    int x = (int) cx;
    int below = Math.min(y + 1, rows - 1);
    int beside = Math.min(x + 1, columns - 1);
    double[] values = new double[clusters];
    for (int k = 0; k < clusters; k++) {
      double top =
          grid[(y * columns + x) * clusters + k] * (1 - cx + x)
              + grid[(y * columns + beside) * clusters + k] * (cx - x);
      double bottom =
          grid[(below * columns + x) * clusters + k] * (1 - cx + x)
              + grid[(below * columns + beside) * clusters + k] * (cx - x);
      values[k] = top * (1 - cy + y) + bottom * (cy - y);
    }
    return values;
  }

  @Test
  void findsTheLargestLogitOfEveryPixel() {
    Random random = TestSeed.random();
    for (int trial = 0; trial < 60; trial++) {
      int patch = 1 + random.nextInt(20);
      int width = 1 + random.nextInt(70);
      int height = 1 + random.nextInt(70);
      Optional<Size> resize =
          random.nextBoolean()
              ? Optional.empty()
              : Optional.of(new Size(1 + random.nextInt(70), 1 + random.nextInt(70)));
      ImageGeometry geometry = new ImageGeometry(resize, patch);
      int clusters = 1 + random.nextInt(trial % 5 == 0 ? 300 : 12);
      compare(random, geometry, width, height, clusters);
    }
  }

  private static void compare(
      Random random, ImageGeometry geometry, int width, int height, int clusters) {
    int rows = geometry.gridRows(width, height);
    int columns = geometry.gridColumns(width, height);
    Size content = geometry.content(width, height);
    float[] grid = Fixtures.gaussian(random, rows * columns * clusters, 3);
    try (Tensor tensor = Tensor.of(grid, (long) rows * columns, clusters)) {
      Segmentation found =
          Upsampler.argmax(
              tensor,
              rows,
              columns,
              geometry,
              width,
              height,
              Optional.empty(),
              1 + random.nextInt(4));
      for (int y = 0; y < height; y++) {
        for (int x = 0; x < width; x++) {
          double gridY = (y + 0.5) * content.height() / height / geometry.patchSize() - 0.5;
          double gridX = (x + 0.5) * content.width() / width / geometry.patchSize() - 0.5;
          double[] expected = logits(grid, columns, clusters, gridY, gridX, rows);
          double largest = Double.NEGATIVE_INFINITY;
          for (double value : expected) {
            largest = Math.max(largest, value);
          }
          double chosen = expected[found.clusterAt(x, y)];
          assertTrue(
              chosen >= largest - 1e-5,
              "%d x %d -> %d x %d, pixel %d, %d: %s is not %s"
                  .formatted(columns, rows, width, height, x, y, chosen, largest));
        }
      }
    }
  }

  @Test
  void equalLogitsGoToTheFirstCluster() {
    float[] grid = {1, 5, 5, 0, 1, 5, 5, 0, 1, 5, 5, 0, 1, 5, 5, 0};
    try (Tensor tensor = Tensor.of(grid, 4, 4)) {
      ImageGeometry geometry = new ImageGeometry(Optional.empty(), 4);
      Segmentation found = Upsampler.argmax(tensor, 2, 2, geometry, 8, 8, Optional.empty(), 1);
      assertEquals(64, found.counts()[1]);
    }
  }

  @Test
  void paddingIsCroppedNotStretched() {
    // 24 pixels on two patches of 16: the second patch's centre lies at pixel 24, so the border
    // between the two is at 16.
    float[] grid = {1, 0, 0, 1};
    try (Tensor tensor = Tensor.of(grid, 2, 2)) {
      ImageGeometry geometry = new ImageGeometry(Optional.empty(), 16);
      Segmentation found = Upsampler.argmax(tensor, 1, 2, geometry, 24, 3, Optional.empty(), 1);
      for (int x = 0; x < 24; x++) {
        assertEquals(x < 16 ? 0 : 1, found.clusterAt(x, 1), "pixel " + x);
      }
    }
  }

  @Test
  void aLogitThatIsNotANumberIsRefused() {
    for (float bad : new float[] {Float.NaN, Float.POSITIVE_INFINITY, Float.NEGATIVE_INFINITY}) {
      try (Tensor tensor = Tensor.of(new float[] {0, 1, bad, 3}, 2, 2)) {
        ImageGeometry geometry = new ImageGeometry(Optional.empty(), 16);
        assertThrows(
            BadInputException.class,
            () -> Upsampler.argmax(tensor, 1, 2, geometry, 32, 16, Optional.empty(), 1));
      }
    }
  }
}
