package dev.eigenseg.graph.kernel;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.eigenseg.api.Progress;
import dev.eigenseg.api.bank.ImageEntry;
import dev.eigenseg.api.tensor.DType;
import dev.eigenseg.api.tensor.FeatureRows;
import dev.eigenseg.api.tensor.Tensor;
import dev.eigenseg.graph.RandomData;
import dev.eigenseg.graph.TestSeed;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class PixelGraphTest {
  /** The oracle: sorts all points by exact squared distance; equal offsets are equal here too. */
  private static boolean[][] edges(
      int rows, int columns, Tensor colors, PixelGraphOptions options) {
    int n = rows * columns;
    boolean[][] edges = new boolean[n][n];
    for (int p = 0; p < n; p++) {
      choose(p, rows, columns, colors, options.nearNeighbors(), options.nearWeight(), edges);
      choose(p, rows, columns, colors, options.colorNeighbors(), options.colorWeight(), edges);
    }
    return edges;
  }

  private static void choose(
      int p, int rows, int columns, Tensor colors, int count, double w, boolean[][] edges) {
    double[] distances = new double[rows * columns];
    for (int q = 0; q < distances.length; q++) {
      double x = columns == 1 ? 0 : w * Math.abs(q % columns - p % columns) / (columns - 1);
      double y = rows == 1 ? 0 : w * Math.abs(q / columns - p / columns) / (rows - 1);
      distances[q] = x * x + y * y;
      for (int c = 0; c < 3; c++) {
        double d = (double) colors.get(3L * p + c) - colors.get(3L * q + c);
        distances[q] += d * d;
      }
    }
    IntStream.range(0, distances.length)
        .filter(q -> q != p)
        .boxed()
        .sorted(Comparator.comparingDouble(q -> distances[q]))
        .limit(count)
        .forEach(q -> {
          edges[p][q] = true;
          edges[q][p] = true;
        });
  }

  private static void check(int rows, int columns, Tensor colors, PixelGraphOptions options)
      throws IOException {
    boolean[][] expected = edges(rows, columns, colors, options);
    try (SymmetricRows found =
            PixelGraph.raw(List.of(new GridColors(rows, columns, colors)), options, 2);
        SymmetricRows.Window window = found.window(0, found.rows())) {
      for (int p = 0; p < expected.length; p++) {
        List<Integer> row = new ArrayList<>();
        for (long e = window.begin(p); e < window.begin(p + 1); e++) {
          row.add((int) SymmetricRows.column(window.entries(), e));
          assertEquals(1f, SymmetricRows.value(window.entries(), e));
        }
        boolean[] wanted = expected[p];
        assertEquals(
            IntStream.range(0, wanted.length).filter(q -> wanted[q]).boxed().toList(),
            row,
            "point %d of %d x %d, %s".formatted(p, rows, columns, options));
      }
    }
  }

  @Test
  void equalsTheOracle() throws IOException {
    Random random = new Random(11); // fixed: near-ties between float and double must not decide
    int[][] grids = {{1, 1}, {1, 9}, {7, 1}, {3, 4}, {9, 14}, {17, 11}};
    PixelGraphOptions[] variants = {
      PixelGraphOptions.DEFAULT,
      PixelGraphOptions.of(0, 3),
      PixelGraphOptions.of(4, 0),
      PixelGraphOptions.of(0, 0)
    };
    for (int[] grid : grids) {
      try (Tensor colors = Tensor.allocate(DType.F32, (long) grid[0] * grid[1], 3)) {
        for (long i = 0; i < colors.size(); i++) {
          colors.set(i, random.nextFloat());
        }
        for (PixelGraphOptions options : variants) {
          check(grid[0], grid[1], colors, options);
        }
      }
    }
  }

  @Test
  void onOneColorTheLowerRowsWinTies() throws IOException {
    try (Tensor colors = Tensor.allocate(DType.F32, 9 * 17, 3)) {
      check(9, 17, colors, new PixelGraphOptions(6, 2, 0, 0));
    }
  }

  @Test
  void bankAndMemoryGiveOneBlockDiagonalMatrix(@TempDir Path folder) throws IOException {
    long seed = TestSeed.next();
    Random random = new Random(seed);
    try (Tensor colors = RandomData.gaussian(random, 12 + 20, 3)) {
      List<GridColors> grids =
          List.of(
              new GridColors(3, 4, colors.slice(0, 12)),
              new GridColors(5, 4, colors.slice(12, 20)));
      List<ImageEntry> images =
          List.of(
              new ImageEntry(0, "a.png", 40, 30, 3, 4, 0),
              new ImageEntry(1, "b.png", 40, 50, 5, 4, 12));
      for (Workspace space : List.of(Workspace.UNBOUNDED, new Workspace(folder, 1))) {
        try (NormalizedAdjacency memory =
                PixelGraph.adjacency(grids, PixelGraphOptions.of(3, 2), 2);
            NormalizedAdjacency bank =
                PixelGraph.adjacency(
                    images,
                    FeatureRows.of(colors),
                    PixelGraphOptions.of(3, 2),
                    space,
                    2,
                    Progress.NONE);
            SymmetricRows.Window expected = memory.matrix().window(0, 32);
            SymmetricRows.Window found = bank.matrix().window(0, 32)) {
          assertEquals(-1, expected.entries().mismatch(found.entries()), "seed " + seed);
          for (long p = 0; p < found.begin(12); p++) {
            long column = SymmetricRows.column(found.entries(), p);
            assertEquals(true, column < 12, "blocks do not touch, seed " + seed);
          }
        }
      }
    }
  }

  @Test
  void aFailureHalfwayLeavesNothingBehind(@TempDir Path folder) throws IOException {
    try (Tensor colors = RandomData.gaussian(new Random(3), 24, 3)) {
      FeatureRows good = FeatureRows.of(colors);
      FeatureRows bad =
          new FeatureRows() {
            @Override
            public long rows() {
              return good.rows();
            }

            @Override
            public int dim() {
              return good.dim();
            }

            @Override
            public void read(long firstRow, long count, MemorySegment target) throws IOException {
              if (firstRow > 0) {
                throw new IOException("the disk is gone");
              }
              good.read(firstRow, count, target);
            }
          };
      List<ImageEntry> images =
          List.of(
              new ImageEntry(0, "a.png", 40, 30, 3, 4, 0),
              new ImageEntry(1, "b.png", 40, 30, 3, 4, 12));
      IOException failure =
          assertThrows(
              IOException.class,
              () ->
                  PixelGraph.adjacency(
                      images,
                      bad,
                      PixelGraphOptions.DEFAULT,
                      new Workspace(folder, 1),
                      2,
                      Progress.NONE));
      assertEquals("the disk is gone", failure.getMessage());
      try (Stream<Path> files = Files.list(folder)) {
        assertEquals(List.of(), files.toList());
      }
    }
  }

  @Test
  void checksColors() {
    try (Tensor colors = Tensor.allocate(DType.F32, 6, 3)) {
      assertThrows(IllegalArgumentException.class, () -> new GridColors(2, 4, colors));
    }
  }
}
