package dev.eigenseg.infer.crf;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.eigenseg.api.CrfOptions;
import dev.eigenseg.infer.TestSeed;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Random;
import org.junit.jupiter.api.Test;

class DenseCrfTest {
  /** One iteration: later ones let a pixel that sits on a border fall to either side. */
  private static final CrfOptions ONCE = options(1, 3, 4);

  private static CrfOptions options(int iterations, double gaussian, double bilateral) {
    return new CrfOptions(iterations, gaussian, 1, bilateral, 67, 3, 1 << 20);
  }

  @Test
  void theLatticeIsNearTheExactField() {
    Random random = TestSeed.random();
    int[][] shapes = {{1, 1, 2}, {1, 17, 3}, {19, 1, 5}, {20, 20, 1}, {24, 30, 7}, {32, 16, 20}};
    for (int[] shape : shapes) {
      int pixels = shape[0] * shape[1];
      int[] rgb = CrfCases.photograph(random, shape[0], shape[1]);
      double[][] p = CrfCases.probabilities(random, pixels, shape[2], 1);
      double[][] exact = ExactCrf.infer(p, shape[0], rgb, ONCE);
      double[][] found = CrfCases.infer(p, shape[0], rgb, ONCE, 2);
      double error = difference(exact, found);
      double change = difference(exact, p);
      System.out.printf(
          "%d x %d, %d clusters: mean difference %.5f, of the unaries %.5f%n",
          shape[0], shape[1], shape[2], error, change);
      // The fixture's are up to 0.004; images this small are all border.
      assertTrue(error <= 0.02, "mean difference " + error);
      assertTrue(error <= change / 3 || change < 1e-3, error + " of " + change);
    }
  }

  private static double difference(double[][] a, double[][] b) {
    double sum = 0;
    for (int i = 0; i < a.length; i++) {
      for (int k = 0; k < a[i].length; k++) {
        sum += Math.abs(a[i][k] - b[i][k]);
      }
    }
    return sum / a.length / a[0].length;
  }

  @Test
  void neitherThreadsNorVectorsChangeABit() {
    Random random = TestSeed.random();
    for (int clusters : new int[] {1, 5, 16, 17, 40, 100}) {
      int width = 1 + random.nextInt(40);
      // The large one is shared among threads within a line of channels, too.
      int height = clusters == 5 ? 8192 / width + 50 : 1 + random.nextInt(40);
      int[] rgb = CrfCases.photograph(random, width, height);
      double[][] p = CrfCases.probabilities(random, rgb.length, clusters, 2);
      CrfOptions options = options(3, 3, 4);
      double[][] one =
          CrfCases.infer(p, new DenseCrf(width, rgb, options, 1, SimdLines.INSTANCE), 1);
      for (int threads = 1; threads <= 5; threads++) {
        LineMath lines = threads % 2 == 0 ? SimdLines.INSTANCE : ScalarLines.INSTANCE;
        double[][] found =
            CrfCases.infer(p, new DenseCrf(width, rgb, options, threads, lines), threads);
        assertArrayEquals(one, found, clusters + " clusters, " + threads + " threads");
      }
    }
  }

  @Test
  void aWeightOfZeroTurnsAKernelOff() {
    Random random = TestSeed.random();
    int[] rgb = CrfCases.photograph(random, 15, 12);
    int[] others = CrfCases.photograph(random, 15, 12);
    double[][] p = CrfCases.probabilities(random, rgb.length, 4, 1);
    double[][] without = CrfCases.infer(p, 15, rgb, options(10, 0, 0), 2);
    assertTrue(difference(p, without) < 1e-6);
    // Positions alone do not see colours.
    assertArrayEquals(
        CrfCases.infer(p, 15, rgb, options(5, 3, 0), 2),
        CrfCases.infer(p, 15, others, options(5, 3, 0), 2));
    double[][] bilateral = CrfCases.infer(p, 15, rgb, options(1, 0, 4), 2);
    double[][] exact = ExactCrf.infer(p, 15, rgb, options(1, 0, 4));
    assertTrue(difference(exact, bilateral) < 0.02);
  }

  @Test
  void whatIsUniformStaysSo() {
    int[] rgb = new int[21 * 9];
    for (int clusters : new int[] {1, 6, 512}) {
      double[][] p = CrfCases.probabilities(new Random(1), rgb.length, clusters, 0);
      double[][] found = CrfCases.infer(p, 21, rgb, CrfOptions.DEFAULT, 2);
      for (double[] pixel : found) {
        for (double value : pixel) {
          assertEquals(1.0 / clusters, value, 1e-6);
        }
      }
    }
  }

  @Test
  void clustersThatChangePlacesKeepTheirShares() {
    Random random = TestSeed.random();
    int clusters = 2 + random.nextInt(40);
    int[] rgb = CrfCases.photograph(random, 18, 14);
    double[][] p = CrfCases.probabilities(random, rgb.length, clusters, 1);
    double[][] swapped = new double[p.length][clusters];
    for (int i = 0; i < p.length; i++) {
      for (int k = 0; k < clusters; k++) {
        swapped[i][clusters - 1 - k] = p[i][k];
      }
    }
    double[][] found = CrfCases.infer(p, 18, rgb, ONCE, 2);
    double[][] back = CrfCases.infer(swapped, 18, rgb, ONCE, 2);
    for (int i = 0; i < p.length; i++) {
      for (int k = 0; k < clusters; k++) {
        assertEquals(found[i][k], back[i][clusters - 1 - k], 1e-5);
      }
    }
  }

  @Test
  void manyClustersOnASmallImage() {
    Random random = TestSeed.random();
    int[] rgb = CrfCases.photograph(random, 16, 12);
    double[][] p = CrfCases.probabilities(random, rgb.length, 500, 2);
    try (Arena arena = Arena.ofShared()) {
      MemorySegment unaries = CrfCases.unaries(p, arena);
      MemorySegment q = arena.allocate(unaries.byteSize(), 64);
      new DenseCrf(16, rgb, CrfOptions.DEFAULT, 2).infer(unaries, q, 500, 2);
      for (int i = 0; i < rgb.length; i++) {
        double sum = 0;
        for (int k = 0; k < 512; k++) {
          float value = q.getAtIndex(ValueLayout.JAVA_FLOAT, i * 512L + k);
          assertTrue(k < 500 ? value >= 0 : value == 0, "channel " + k);
          sum += value;
        }
        assertEquals(1, sum, 1e-4);
      }
    }
  }

  @Test
  void deviationsThatAreTooSmallAreRefused() {
    CrfOptions options = new CrfOptions(1, 3, 1, 4, 1e-6, 1e-6, 1 << 20);
    int[] rgb = CrfCases.photograph(new Random(1), 30, 30);
    IllegalArgumentException e =
        assertThrows(IllegalArgumentException.class, () -> new DenseCrf(30, rgb, options, 1));
    assertTrue(e.getMessage().contains("take larger deviations"), e.getMessage());
  }

  @Test
  void memoryOfAnotherSizeIsRefused() {
    DenseCrf crf = new DenseCrf(2, new int[4], CrfOptions.DEFAULT, 1);
    try (Arena arena = Arena.ofShared()) {
      MemorySegment memory = arena.allocate(4 * 16 * Float.BYTES, 64);
      assertThrows(IllegalArgumentException.class, () -> crf.infer(memory, memory, 17, 1));
    }
  }
}
