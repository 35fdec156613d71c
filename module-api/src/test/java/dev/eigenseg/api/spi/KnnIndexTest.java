package dev.eigenseg.api.spi;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

class KnnIndexTest {
  @Test
  void trainingRowsOfManyListsAreAsManyAsAnIntCounts() {
    KnnIndex ivf = KnnIndex.of(KnnIndex.Kind.IVF);
    int lists = 33_600_000;
    assertEquals(64L * 33_000_000, ivf.trainingRowsFor(33_000_000, 1L << 40));
    assertEquals(Integer.MAX_VALUE, ivf.trainingRowsFor(lists, 1L << 40));
    assertEquals(50_000_000, ivf.trainingRowsFor(lists, 50_000_000));
    assertEquals(10, KnnIndex.ivf(4, 2, 10, false).trainingRowsFor(lists, 1L << 40));
    IllegalArgumentException refusal =
        assertThrows(IllegalArgumentException.class, () -> KnnIndex.ivf(lists, 2, 1L << 31, false));
    assertTrue(refusal.getMessage().contains("training-rows is 2147483648"), refusal.getMessage());
  }
}
