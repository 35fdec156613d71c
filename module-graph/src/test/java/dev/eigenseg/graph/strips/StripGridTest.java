package dev.eigenseg.graph.strips;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.eigenseg.graph.TestSeed;
import dev.eigenseg.graph.rows.RowRange;
import java.util.Random;
import org.junit.jupiter.api.Test;

class StripGridTest {
  @Test
  void stripsCoverAllRowsFromTheRangeOn() {
    long seed = TestSeed.next();
    Random random = new Random(seed);
    for (int round = 0; round < 200; round++) {
      StripGrid grid = random(random);
      long row = grid.range().first();
      for (int strip = 0; strip < grid.strips(); strip++) {
        RowRange rows = grid.strip(strip);
        assertEquals(row, rows.first(), grid + ", seed " + seed);
        assertTrue(rows.count() > 0 && rows.count() <= grid.stripRows(), grid.toString());
        assertEquals(strip, grid.stripOf(rows.first()), grid.toString());
        assertEquals(strip, grid.stripOf(rows.end() - 1), grid.toString());
        assertEquals(strip < grid.rowStrips(), rows.first() < grid.range().end());
        row = rows.end();
      }
      assertEquals(grid.rows(), row, grid.toString());
    }
  }

  @Test
  void countsTheUnitsOfAStripAsOneByOne() {
    long seed = TestSeed.next();
    Random random = new Random(seed);
    for (int round = 0; round < 100; round++) {
      StripGrid grid = random(random);
      long[] uses = new long[grid.strips()];
      long unit = 0;
      for (int own = 0; own < grid.rowStrips(); own++) {
        assertEquals(unit, grid.firstUnit(own), grid.toString());
        for (int other = own; other < grid.strips(); other++) {
          for (int strip = 0; strip < uses.length; strip++) {
            assertEquals(uses[strip], grid.uses(strip, unit), grid + ", unit " + unit);
          }
          uses[own]++;
          uses[other] += other == own ? 0 : 1;
          unit++;
        }
      }
      assertEquals(unit, grid.units(), grid + ", seed " + seed);
    }
  }

  private static StripGrid random(Random random) {
    long rows = 1L + random.nextInt(60);
    long first = random.nextLong(rows);
    long end = first + random.nextLong(rows - first + 1);
    return new StripGrid(new RowRange(first, end), rows, 1 + random.nextInt(12));
  }
}
