package dev.eigenseg.api;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.eigenseg.api.ClassList.NamedClass;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/** Cuts of a small tree, counted by hand. */
class DendrogramTest {
  // (1 3) at 9, (0 4) at 8, ((1 3) 2) at 0.5, all at 0.4.
  private static final Dendrogram TREE =
      new Dendrogram(
          "graph",
          new long[] {10, 20, 5, 1, 30},
          new int[] {1, 0, 5, 6},
          new int[] {3, 4, 2, 7},
          new double[] {9, 8, 0.5, 0.4});

  @Test
  void aCutNumbersSegmentsByTheirPatches() {
    assertArrayEquals(new int[] {2, 1, 3, 4, 0}, TREE.cut(5));
    assertArrayEquals(new int[] {2, 1, 3, 1, 0}, TREE.cut(4));
    assertArrayEquals(new int[] {0, 1, 2, 1, 0}, TREE.cut(3));
    assertArrayEquals(new int[] {0, 1, 1, 1, 0}, TREE.cut(2));
    assertArrayEquals(new int[5], TREE.cut(1));
  }

  @Test
  void segmentsThatThereAreNotAreRefused() {
    assertTrue(
        assertThrows(BadInputException.class, () -> TREE.cut(6))
            .getMessage()
            .contains("5 clusters: ask for 1 to 5"));
    assertThrows(BadInputException.class, () -> TREE.cut(0));
  }

  @Test
  void whatIsLessAlikeThanChanceStaysApart() {
    assertEquals(3, TREE.natural());
    long[] two = {1, 1};
    int[] first = {0};
    int[] second = {1};
    assertEquals(1, new Dendrogram("graph", two, first, second, new double[] {1}).natural());
    assertEquals(2, new Dendrogram("graph", two, first, second, new double[] {0.99}).natural());
  }

  @Test
  void whatIsNoTreeIsRefused() {
    int[] once = {0};
    double[] one = {1};
    long[] two = {1, 1};
    assertEquals(2, new Dendrogram("graph", two, once, new int[] {1}, one).clusters());
    assertThrows(
        IllegalArgumentException.class, () -> new Dendrogram("graph", two, once, once, one));
    assertThrows(
        IllegalArgumentException.class,
        () -> new Dendrogram("graph", two, once, new int[] {2}, one));
    assertThrows(
        IllegalArgumentException.class,
        () -> new Dendrogram("graph", two, once, new int[] {1}, new double[] {Double.NaN}));
    assertThrows(
        IllegalArgumentException.class,
        () -> new Dendrogram("graph", new long[] {1}, once, new int[] {1}, one));
    assertThrows(
        IllegalArgumentException.class,
        () ->
            new Dendrogram(
                "graph",
                new long[] {1, 1, 1},
                new int[] {0, 2},
                new int[] {1, 3},
                new double[] {1, 2}));
  }

  @Test
  void aSegmentHasTheNameOfMostOfItsPatches() {
    ClassList classes =
        new ClassList(List.of(new NamedClass("road", 0x808080), new NamedClass("sky", 0x0000ff)));
    ModelInfo model =
        new ModelInfo(
                "neural-eigenfunctions",
                5,
                "b",
                "0",
                "b",
                Map.of(),
                new ImageGeometry(Optional.empty(), 8),
                Optional.empty())
            .withNames(new ClusterNames(classes, new int[] {0, 1, 0, 0, 1}, "iou"))
            .withDendrogram(TREE);
    ModelInfo merged = model.merged(2); // {0, 4}: 10 road, 30 sky; {1, 2, 3}: 6 road, 20 sky
    assertEquals(2, merged.clusters());
    assertEquals(1, merged.names().orElseThrow().classOf(0));
    assertEquals(1, merged.names().orElseThrow().classOf(1));
    ModelInfo four = model.merged(4); // 4, {1, 3}, 0, 2
    assertEquals(0, four.names().orElseThrow().classOf(2));
    assertEquals(0, four.names().orElseThrow().classOf(3));
  }
}
