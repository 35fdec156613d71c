package dev.eigenseg.train.evaluation;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.eigenseg.api.BadInputException;
import dev.eigenseg.api.ClassList;
import dev.eigenseg.api.ClassList.NamedClass;
import dev.eigenseg.api.ClusterNames;
import dev.eigenseg.api.IncompatibleException;
import dev.eigenseg.train.TestSeed;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** Matchings and scores against what brute force finds. */
class MatchingTest {
  private static final ClassList CLASSES =
      new ClassList(
          List.of(new NamedClass("sky", 1), new NamedClass("sea", 2), new NamedClass("sand", 3)));

  private static ConfusionMatrix matrix(long[]... rows) {
    ConfusionMatrix confusion = new ConfusionMatrix(rows.length, rows[0].length);
    for (int cluster = 0; cluster < rows.length; cluster++) {
      for (int c = 0; c < rows[0].length; c++) {
        confusion.add(cluster, c, rows[cluster][c]);
      }
    }
    return confusion;
  }

  private static ConfusionMatrix random(Random random, int clusters, int classes) {
    ConfusionMatrix confusion = new ConfusionMatrix(clusters, classes);
    for (int cluster = 0; cluster < clusters; cluster++) {
      for (int c = 0; c < classes; c++) {
        confusion.add(cluster, c, random.nextInt(3) == 0 ? 0 : random.nextInt(1000));
      }
    }
    confusion.add(0, 0, 1);
    return confusion;
  }

  private static long agreement(ConfusionMatrix confusion, int[] map) {
    long total = 0;
    for (int cluster = 0; cluster < map.length; cluster++) {
      total += map[cluster] < 0 ? 0 : confusion.count(cluster, map[cluster]);
    }
    return total;
  }

  private static long best(ConfusionMatrix confusion, int cluster, int takenClasses) {
    if (cluster == confusion.clusters()) {
      return 0;
    }
    long best = best(confusion, cluster + 1, takenClasses);
    for (int c = 0; c < confusion.classes(); c++) {
      if ((takenClasses & 1 << c) == 0) {
        best =
            Math.max(
                best,
                confusion.count(cluster, c) + best(confusion, cluster + 1, takenClasses | 1 << c));
      }
    }
    return best;
  }

  @Test
  void hungarianFindsTheBestAssignment() {
    Random random = TestSeed.random();
    for (int round = 0; round < 60; round++) {
      ConfusionMatrix confusion = random(random, 1 + random.nextInt(6), 1 + random.nextInt(5));
      int[] map = Matching.HUNGARIAN.match(confusion);
      assertEquals(best(confusion, 0, 0), agreement(confusion, map));
      long matched = Arrays.stream(map).filter(c -> c >= 0).count();
      assertEquals(Math.min(confusion.clusters(), confusion.classes()), matched);
      assertEquals(matched, Arrays.stream(map).filter(c -> c >= 0).distinct().count());
    }
  }

  @Test
  void majorityAgreesMostOfAllAndScoresAreFractions() {
    Random random = TestSeed.random();
    for (int round = 0; round < 60; round++) {
      ConfusionMatrix confusion = random(random, 1 + random.nextInt(20), 1 + random.nextInt(8));
      int[] majority = Matching.MAJORITY.match(confusion);
      for (Matching other : List.of(Matching.IOU, Matching.HUNGARIAN)) {
        int[] map = other.match(confusion);
        assertTrue(agreement(confusion, map) <= agreement(confusion, majority));
        Scores scores = Scores.of(confusion, map);
        assertEquals(
            (double) agreement(confusion, map) / confusion.total(), scores.accuracy(), 1e-12);
        assertTrue(scores.meanIou() >= 0 && scores.meanIou() <= scores.accuracy() + 1);
        assertEquals(
            scores.iou().stream().flatMapToDouble(OptionalDouble::stream).average().orElseThrow(),
            scores.meanIou(),
            1e-12);
      }
    }
  }

  @Test
  void clustersMayBeRenumbered() {
    Random random = TestSeed.random();
    ConfusionMatrix confusion = random(random, 12, 5);
    List<Integer> order = new ArrayList<>();
    for (int i = 0; i < 12; i++) {
      order.add(i);
    }
    Collections.shuffle(order, random);
    ConfusionMatrix shuffled = new ConfusionMatrix(12, 5);
    for (int cluster = 0; cluster < 12; cluster++) {
      for (int c = 0; c < 5; c++) {
        shuffled.add(order.get(cluster), c, confusion.count(cluster, c));
      }
    }
    for (Matching matching : List.of(Matching.IOU, Matching.MAJORITY)) {
      int[] map = matching.match(confusion);
      int[] other = matching.match(shuffled);
      for (int cluster = 0; cluster < 12; cluster++) {
        assertEquals(map[cluster], other[order.get(cluster)]);
      }
      assertEquals(Scores.of(confusion, map), Scores.of(shuffled, other));
    }
  }

  @Test
  void iouWeighsTheSizeOfClasses() {
    // Most of cluster 0 is class 0, but it holds nearly all there is of class 1.
    ConfusionMatrix confusion = matrix(new long[] {60, 50}, new long[] {1000, 2});
    assertArrayEquals(new int[] {1, 0}, Matching.IOU.match(confusion));
    assertArrayEquals(new int[] {0, 0}, Matching.MAJORITY.match(confusion));
  }

  @Test
  void tiesAndEmptyClustersGoToTheLowestClass() {
    ConfusionMatrix confusion = matrix(new long[] {0, 5, 5}, new long[] {0, 0, 0});
    assertArrayEquals(new int[] {1, 0}, Matching.IOU.match(confusion));
    assertArrayEquals(new int[] {1, 0}, Matching.MAJORITY.match(confusion));
  }

  @Test
  void clustersWithoutAClassAreErrors() {
    ConfusionMatrix confusion = matrix(new long[] {8, 0}, new long[] {0, 8}, new long[] {2, 0});
    Scores scores = Scores.of(confusion, Matching.HUNGARIAN.match(confusion));
    assertEquals(16 / 18.0, scores.accuracy(), 1e-12);
    assertEquals(List.of(OptionalDouble.of(0.8), OptionalDouble.of(1)), scores.iou());
  }

  @Test
  void absentClassesAreNamedNotCounted() {
    ConfusionMatrix confusion = matrix(new long[] {4, 0, 0}, new long[] {0, 0, 6});
    Scores scores = Scores.of(confusion, new int[] {0, 2});
    assertEquals(1, scores.meanIou());
    assertEquals(2, scores.classesPresent());
    assertEquals(List.of("sea"), scores.absentClasses(CLASSES));
    assertEquals(List.of("sky", "sand"), List.copyOf(scores.perClass(CLASSES).keySet()));
    // Once predicted, a class without ground truth counts as 0.
    assertEquals(0.5, Scores.of(confusion, new int[] {0, 1}).accuracy() + 0.1, 1e-12);
    assertEquals(1.0 / 3, Scores.of(confusion, new int[] {0, 1}).meanIou(), 1e-12);
  }

  @Test
  void nothingJudgedIsAnError() {
    assertThrows(
        BadInputException.class, () -> Scores.of(new ConfusionMatrix(2, 2), new int[] {0, 1}));
  }

  @Test
  void storedNamesAreMatchedByName() {
    ClassList other = new ClassList(List.of(new NamedClass("sand", 7), new NamedClass("fog", 8)));
    ClusterNames stored = new ClusterNames(other, new int[] {0, 1, -1}, "iou");
    ConfusionMatrix confusion = new ConfusionMatrix(3, 3);
    assertArrayEquals(
        new int[] {2, -1, -1}, Matching.STORED.match(confusion, CLASSES, Optional.of(stored)));
    assertThrows(
        IncompatibleException.class,
        () -> Matching.STORED.match(confusion, CLASSES, Optional.empty()));
    assertThrows(
        IncompatibleException.class,
        () -> Matching.STORED.match(new ConfusionMatrix(4, 3), CLASSES, Optional.of(stored)));
    ClassList strange = new ClassList(List.of(new NamedClass("a", 7)));
    assertThrows(
        IncompatibleException.class,
        () -> Matching.STORED.match(confusion, strange, Optional.of(stored)));
    assertThrows(IllegalStateException.class, () -> Matching.STORED.match(confusion));
  }

  @Test
  void mergingAddsAndKeepsTheShape() {
    Random random = TestSeed.random();
    ConfusionMatrix a = random(random, 7, 3);
    ConfusionMatrix b = random(random, 7, 3);
    ConfusionMatrix sum = new ConfusionMatrix(7, 3);
    sum.merge(a);
    sum.merge(b);
    assertEquals(a.total() + b.total(), sum.total());
    assertEquals(a.count(3, 2) + b.count(3, 2), sum.count(3, 2));
    assertEquals(a.clusterTotal(4) + b.clusterTotal(4), sum.clusterTotal(4));
    assertEquals(a.classTotal(1) + b.classTotal(1), sum.classTotal(1));
    ConfusionMatrix other = new ConfusionMatrix(3, 7);
    assertThrows(IllegalArgumentException.class, () -> sum.merge(other));
    assertThrows(IndexOutOfBoundsException.class, () -> sum.add(0, 3, 1));
  }

  @Test
  void countsBeyondAnIntStayExact() {
    ConfusionMatrix confusion = matrix(new long[] {1L << 40, 1}, new long[] {(1L << 40) - 1, 3});
    assertArrayEquals(new int[] {0, 1}, Matching.HUNGARIAN.match(confusion));
  }
}
