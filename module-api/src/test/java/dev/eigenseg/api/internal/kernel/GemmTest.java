package dev.eigenseg.api.internal.kernel;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.eigenseg.api.TestSeed;
import dev.eigenseg.api.tensor.DType;
import dev.eigenseg.api.tensor.Tensor;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The packed product against its definition, bit for bit; runs again with 128-bit vectors. */
final class GemmTest {
  private final Random random = TestSeed.random();

  private Tensor gaussians(int rows, int columns) {
    Tensor tensor = Tensor.allocate(DType.F32, rows, columns);
    for (long i = 0; i < tensor.size(); i++) {
      tensor.set(i, (float) random.nextGaussian());
    }
    return tensor;
  }

  /** The definition: one chain of fused multiply-adds in order. */
  private static float element(Tensor a, int row, Tensor b, int column) {
    long depth = a.size(1);
    float sum = 0;
    for (long k = 0; k < depth; k++) {
      sum = Math.fma(a.get(row * depth + k), b.get(column * depth + k), sum);
    }
    return sum;
  }

  private static void assertProduct(Tensor a, Tensor b, MemorySegment c, long stride) {
    for (int i = 0; i < a.size(0); i++) {
      for (int j = 0; j < b.size(0); j++) {
        float actual = c.getAtIndex(JAVA_FLOAT, i * stride + j);
        assertEquals(
            Float.floatToRawIntBits(element(a, i, b, j)),
            Float.floatToRawIntBits(actual),
            "element %d, %d of %s x %s".formatted(i, j, a, b));
      }
    }
  }

  @Test
  void everyShapeGivesTheBitsOfTheDefinition() {
    int[] sizes = {0, 1, 2, 5, 6, 7, 12, 13, 31, 32, 33, 65};
    int[] depths = {0, 1, 2, 3, 17, 64};
    for (int rows : sizes) {
      for (int columns : sizes) {
        int depth = depths[random.nextInt(depths.length)];
        try (Tensor a = gaussians(rows, depth);
            Tensor b = gaussians(columns, depth)) {
          multiplyInto(SimdTile.forThisProcessor(), a, b);
          multiplyInto(new ScalarTile(), a, b);
        }
      }
    }
  }

  private static void multiplyInto(GemmTile tile, Tensor a, Tensor b) {
    try (Arena arena = Arena.ofShared()) {
      multiplyInto(arena.allocate(floatsFor(a.size(0), b.size(0)) * Float.BYTES, 64), tile, a, b);
    }
  }

  private static long floatsFor(long rows, long columns) {
    return rows * (columns + 3) + 1;
  }

  private static void multiplyInto(MemorySegment c, GemmTile tile, Tensor a, Tensor b) {
    int rows = (int) a.size(0);
    int columns = (int) b.size(0);
    int depth = (int) a.size(1);
    long stride = columns + 3L;
    try (Arena arena = Arena.ofShared()) {
      float[] rowPanels = new float[Gemm.packedRowFloats(rows, depth)];
      MemorySegment columnPanels = arena.allocate(Gemm.packedColumnBytes(columns, depth), 64);
      fill(c);
      // Padding must not rely on fresh memory being zero.
      Arrays.fill(rowPanels, Float.NaN);
      columnPanels.fill((byte) 0xff);
      Gemm.packRows(a.segment(), 0, rows, depth, rowPanels);
      Gemm.packColumns(b.segment(), 0, columns, depth, columnPanels);
      Gemm.multiply(tile, rowPanels, rows, columnPanels, columns, depth, c, 4, stride);
      assertProduct(a, b, c.asSlice(4), stride);
      assertGapsUntouched(c, rows, columns);
    }
  }

  private static void fill(MemorySegment c) {
    for (long i = 0; i < c.byteSize() / 4; i++) {
      c.setAtIndex(JAVA_FLOAT, i, -77);
    }
  }

  private static void assertGapsUntouched(MemorySegment c, int rows, int columns) {
    assertEquals(-77f, c.getAtIndex(JAVA_FLOAT, 0));
    for (int i = 0; i < rows; i++) {
      for (int gap = 0; gap < 3; gap++) {
        float untouched = c.getAtIndex(JAVA_FLOAT, 1 + i * (columns + 3L) + columns + gap);
        assertEquals(-77f, untouched, "written past row " + i);
      }
    }
  }

  @Test
  void rowsThatAreNotPackedGiveTheSameInBlocks() {
    // So deep that a block is one panel of rows.
    int depth = Gemm.RUN * (int) (Gemm.blockBytes() / Gemm.packedRowBytes(Gemm.rowPanel(), 1));
    int columns = Gemm.columnPanel() + 1;
    int stride = columns + 3;
    for (int rows : new int[] {0, 1, 3 * Gemm.rowPanel() + 1}) {
      try (Tensor a = gaussians(rows + 1, depth);
          Tensor b = gaussians(columns, depth);
          Arena arena = Arena.ofShared()) {
        MemorySegment columnPanels = arena.allocate(Gemm.packedColumnBytes(columns, depth), 64);
        Gemm.packColumns(b.segment(), 0, columns, depth, columnPanels);
        MemorySegment c = arena.allocate(floatsFor(rows, columns) * Float.BYTES, 64);
        fill(c);
        long second = (long) depth * Float.BYTES;
        Gemm.multiplyRows(a.segment(), second, rows, columnPanels, columns, depth, c, 4, stride);
        assertProduct(a.slice(1, rows), b, c.asSlice(4), stride);
        assertGapsUntouched(c, rows, columns);
      }
    }
  }

  @Test
  void productsMayGoIntoAFileOrTheHeap(@TempDir Path directory) throws IOException {
    int rows = 2 * Gemm.rowPanel();
    int columns = 2 * Gemm.columnPanel();
    long most = floatsFor(rows + 1, columns + 1);
    try (Tensor a = gaussians(rows, 19);
        Tensor b = gaussians(columns, 19);
        Tensor hangingA = gaussians(rows + 1, 1);
        Tensor hangingB = gaussians(columns + 1, 1);
        Arena arena = Arena.ofShared();
        FileChannel file =
            FileChannel.open(
                directory.resolve("c"),
                StandardOpenOption.CREATE,
                StandardOpenOption.READ,
                StandardOpenOption.WRITE)) {
      MemorySegment mapped = file.map(FileChannel.MapMode.READ_WRITE, 0, most * Float.BYTES, arena);
      MemorySegment heap = MemorySegment.ofArray(new float[Math.toIntExact(most)]);
      for (MemorySegment c : List.of(mapped, heap)) {
        multiplyInto(c, SimdTile.forThisProcessor(), a, b);
        multiplyInto(c, SimdTile.forThisProcessor(), hangingA, hangingB);
      }
    }
  }

  @Test
  void panelsOnTheHeapAreRefused() {
    int rows = Gemm.rowPanel();
    int columns = Gemm.columnPanel();
    float[] rowPanels = new float[Gemm.packedRowFloats(rows, 1)];
    MemorySegment heap = MemorySegment.ofArray(new float[rows * columns]);
    try (Arena arena = Arena.ofShared()) {
      MemorySegment own = arena.allocate((long) rows * columns * Float.BYTES, 64);
      assertThrows(
          IllegalArgumentException.class,
          () -> Gemm.multiply(rowPanels, rows, heap, columns, 1, own, 0, columns));
      SimdTile tile = SimdTile.forThisProcessor();
      assertThrows(
          IllegalArgumentException.class,
          () -> tile.multiply(rowPanels, 0, own, 0, 1, heap, 0, columns));
    }
  }

  @Test
  void bitsDependNeitherOnOrderNorOnThreadsNorOnBlocks() {
    int depth = 1153;
    try (Tensor a = gaussians(507, depth);
        Tensor b = gaussians(70, depth);
        Tensor ab = Tensor.allocate(DType.F32, 507, 70);
        Tensor again = Tensor.allocate(DType.F32, 507, 70);
        Tensor ba = Tensor.allocate(DType.F32, 70, 507)) {
      Gemm.multiply(a, b, ab, 1);
      Gemm.multiply(a, b, again, 3);
      Gemm.multiply(b, a, ba, 2);
      assertEquals(-1, ab.segment().mismatch(again.segment()));
      for (int i = 0; i < 507; i++) {
        for (int j = 0; j < 70; j++) {
          float expected = ab.get(i * 70L + j);
          float swapped = ba.get(j * 507L + i);
          assertEquals(Float.floatToRawIntBits(expected), Float.floatToRawIntBits(swapped));
        }
      }
      assertEquals(element(a, 506, b, 69), ab.get(506 * 70L + 69));
      assertEquals(element(a, 241, b, 1), ab.get(241 * 70L + 1));
    }
  }

  @Test
  void packingStandsInPanels() {
    int panel = Gemm.rowPanel();
    int rows = panel + 1;
    int depth = Gemm.RUN + 3;
    try (Tensor a = gaussians(rows, depth);
        Arena arena = Arena.ofConfined()) {
      MemorySegment panels = arena.allocate(Gemm.packedRowBytes(rows, depth), 64);
      Gemm.packRows(a.segment(), 0, rows, depth, panels);
      for (int row = 0; row < 2 * panel; row++) {
        for (int k = 0; k < depth; k++) {
          int run = (row / panel * 2 + k / Gemm.RUN) * panel + row % panel;
          float packed = panels.getAtIndex(JAVA_FLOAT, (long) run * Gemm.RUN + k % Gemm.RUN);
          assertEquals(packed, panels.getAtIndex(JAVA_FLOAT, Gemm.packedRowIndex(row, k, depth)));
          assertEquals(row < rows ? a.get((long) row * depth + k) : 0f, packed);
        }
      }
    }
  }

  @Test
  void weightsArePackedAsRowsAre() {
    int panel = Gemm.rowPanel();
    for (int rows : new int[] {0, 1, panel - 1, panel, panel + 1}) {
      for (int depth : new int[] {0, 1, Gemm.RUN - 1, Gemm.RUN, Gemm.RUN + 1}) {
        try (Tensor a = gaussians(rows, depth);
            Arena arena = Arena.ofConfined()) {
          long bytes = Gemm.packedRowBytes(rows, depth);
          MemorySegment expected = arena.allocate(bytes, 64).fill((byte) 0xff);
          MemorySegment found = arena.allocate(bytes, 64).fill((byte) 0xff);
          Gemm.packRows(a.segment(), 0, rows, depth, expected);
          Gemm.packWeightRows(a.segment(), 0, rows, depth, found);
          for (int row = 0; row < Math.ceilDiv(rows, panel) * panel; row++) {
            for (int k = 0; k < depth; k++) {
              long index = Gemm.packedRowIndex(row, k, depth);
              assertEquals(
                  expected.getAtIndex(JAVA_FLOAT, index), found.getAtIndex(JAVA_FLOAT, index));
            }
          }
        }
      }
    }
  }

  @Test
  void rowsThatStandApartArePackedAsDenseOnes() {
    int rows = Gemm.rowPanel() + 2;
    int depth = Gemm.RUN + 5;
    int stride = depth + 3;
    try (Tensor dense = gaussians(rows, depth);
        Tensor apart = gaussians(rows, stride)) {
      for (int row = 0; row < rows; row++) {
        long from = (long) row * depth * Float.BYTES;
        long to = (long) row * stride * Float.BYTES;
        MemorySegment.copy(dense.segment(), from, apart.segment(), to, depth * 4L);
      }
      float[] expected = new float[Gemm.packedRowFloats(rows, depth)];
      float[] found = new float[expected.length];
      Gemm.packRows(dense.segment(), 0, rows, depth, expected);
      Gemm.packRows(apart.segment(), 0, stride, rows, depth, found);
      assertArrayEquals(expected, found);
      // The last row may end with the memory.
      MemorySegment cut = apart.segment().asSlice(0, ((rows - 1L) * stride + depth) * Float.BYTES);
      Gemm.packRows(cut, 0, stride, rows, depth, found);
      assertThrows(
          IndexOutOfBoundsException.class, () -> Gemm.packRows(cut, 4, stride, rows, depth, found));
    }
  }

  @Test
  void memoryTooSmallIsRefusedBeforeAnythingIsWritten() {
    try (Arena arena = Arena.ofConfined();
        Tensor small = Tensor.allocate(DType.F32, 2, 2);
        Tensor wide = Tensor.allocate(DType.F32, 2, 3)) {
      MemorySegment rows = arena.allocate(Gemm.packedRowBytes(6, 4), 64);
      MemorySegment columns = arena.allocate(Gemm.packedColumnBytes(6, 4), 64);
      MemorySegment c = arena.allocate(6 * 6 * 4 - 4, 64);
      assertThrows(
          IndexOutOfBoundsException.class, () -> Gemm.multiply(rows, 6, columns, 6, 4, c, 0, 6));
      assertThrows(
          IndexOutOfBoundsException.class, () -> Gemm.multiply(rows, 7, columns, 5, 4, c, 0, 6));
      assertThrows(
          IllegalArgumentException.class, () -> Gemm.multiply(rows, 2, columns, 6, 4, c, 0, 5));
      assertThrows(
          IndexOutOfBoundsException.class, () -> Gemm.packRows(small.segment(), 4, 2, 2, rows));
      assertThrows(
          IndexOutOfBoundsException.class,
          () -> Gemm.multiplyRows(rows, 4, 6, columns, 6, 4, c, 0, 6));
      assertThrows(
          IndexOutOfBoundsException.class,
          () -> Gemm.multiplyRows(wide.segment(), 0, 7, columns, 6, 4, c, 0, 6));
      assertThrows(IllegalArgumentException.class, () -> Gemm.multiply(small, wide, small, 1));
    }
  }
}
