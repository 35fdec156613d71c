package dev.eigenseg.api.internal.kernel;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.eigenseg.api.TestSeed;
import java.util.Random;
import org.junit.jupiter.api.Test;

final class AxisTest {
  @Test
  void positionsLieWhereHalfPixelCentresSay() {
    Random random = TestSeed.random();
    for (int trial = 0; trial < 300; trial++) {
      int cells = 1 + random.nextInt(40);
      int size = 1 + random.nextInt(60);
      double content = cells - random.nextDouble();
      check(Axis.of(size, cells), size, cells);
      check(Axis.stepping(size, cells), size, cells);
      check(Axis.of(size, cells, content), size, content);
      check(Axis.of(size, cells, content).inIntervals(), size, content);
    }
  }

  private static void check(Axis axis, int size, double content) {
    assertEquals(size, axis.size());
    for (int i = 0; i < size; i++) {
      double centre = (i + 0.5) * content / size - 0.5;
      int first = axis.first()[i];
      float weight = axis.weight()[i];
      assertTrue(first >= 0 && first < axis.cells() && weight >= 0 && weight <= 1);
      double place = first + weight * (axis.second(first) - first);
      assertEquals(Math.clamp(centre, 0, axis.cells() - 1), place, 1e-5);
      assertEquals(place, axis.mix(i, first, axis.second(first)), 1e-5);
    }
  }

  @Test
  void theLastCentreEndsTheLastInterval() {
    Axis axis = Axis.of(6, 3);
    assertArrayEquals(new int[] {0, 0, 0, 1, 1, 2}, axis.first());
    assertEquals(0, axis.weight()[5]);
    assertArrayEquals(new int[] {0, 0, 0, 1, 1, 1}, axis.inIntervals().first());
    assertEquals(1, axis.inIntervals().weight()[5]);
    assertArrayEquals(new int[] {0, 0}, Axis.of(2, 1).inIntervals().first());
  }

  @Test
  void mirroredItCountsFromTheOtherEnd() {
    Axis axis = Axis.of(7, 4);
    Axis mirrored = axis.mirrored();
    for (int i = 0; i < 7; i++) {
      assertEquals(axis.first()[i], mirrored.first()[6 - i]);
      assertEquals(axis.weight()[i], mirrored.weight()[6 - i]);
    }
  }

  @Test
  void runsAndCellsCoverThePositions() {
    Axis axis = Axis.of(6, 3).inIntervals();
    assertEquals(3, axis.runEnd(0));
    assertEquals(6, axis.runEnd(3));
    assertEquals(new Axis.Cells(0, 2), axis.cells(0, 3));
    assertEquals(new Axis.Cells(1, 2), axis.mirrored().cells(0, 2));
  }
}
