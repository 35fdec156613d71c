package dev.eigenseg.infer.segment;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.eigenseg.api.BadInputException;
import dev.eigenseg.api.Dendrogram;
import dev.eigenseg.api.IncompatibleException;
import dev.eigenseg.api.PatchFeatures;
import dev.eigenseg.api.PatchLogits;
import dev.eigenseg.api.SegmentOptions;
import dev.eigenseg.api.SegmentOptions.Segments;
import dev.eigenseg.api.Segmentation;
import dev.eigenseg.api.Segmenter;
import dev.eigenseg.api.tensor.Tensor;
import dev.eigenseg.infer.Fixtures;
import dev.eigenseg.infer.SegmenterFile;
import dev.eigenseg.infer.SegmenterMethod;
import dev.eigenseg.infer.SegmenterModel;
import dev.eigenseg.infer.TestSeed;
import dev.eigenseg.infer.descriptor.DescriptorBackbone;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import java.util.function.IntUnaryOperator;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Clusters merged to segments while images are looked at. */
class SegmentsTest {
  private static final int CLUSTERS = 12;

  @TempDir Path folder;

  /** A model whose clusters i and i + 6 merge first, then those of a remainder by three. */
  private static Dendrogram tree() {
    int[] first = new int[CLUSTERS - 1];
    int[] second = new int[CLUSTERS - 1];
    double[] affinities = new double[CLUSTERS - 1];
    for (int i = 0; i < 6; i++) {
      first[i] = i;
      second[i] = i + 6;
      affinities[i] = 100 - i;
    }
    for (int i = 0; i < 3; i++) {
      first[6 + i] = 12 + i;
      second[6 + i] = 15 + i;
      affinities[6 + i] = 2 - i / 10.0;
    }
    first[9] = 18;
    second[9] = 19;
    first[10] = 20;
    second[10] = 21;
    long[] patches = new long[CLUSTERS];
    for (int cluster = 0; cluster < CLUSTERS; cluster++) {
      patches[cluster] = 100L - cluster % 3;
    }
    return new Dendrogram("graph", patches, first, second, affinities);
  }

  @Test
  void pixelsHaveProbabilitiesOfSegments() throws IOException {
    BufferedImage image = Fixtures.image(TestSeed.random(), 40, 30);
    SegmentOptions options = SegmentOptions.DEFAULT.withSegments(3);
    try (Segmenter segmenter = open(SegmenterMethod.NEURAL_EIGENFUNCTIONS);
        Tensor all = segmenter.pixelProbabilities(image, options)) {
      assertArrayEquals(new long[] {30, 40, 3}, all.shape());
      Segmentation map = segmenter.segment(image, options);
      for (int pixel = 0; pixel < 30 * 40; pixel++) {
        float[] shares = {all.get(3L * pixel), all.get(3L * pixel + 1), all.get(3L * pixel + 2)};
        assertEquals(1, shares[0] + shares[1] + shares[2], 1e-5);
        int decided = map.clusterAt(pixel % 40, pixel / 40);
        for (float share : shares) {
          assertTrue(share <= shares[decided] + 1e-5, pixel + " is decided for another");
        }
      }
    }
  }

  private Segmenter open(SegmenterMethod method) throws IOException {
    Path path = folder.resolve(method.text());
    SegmenterModel model = Fixtures.model(new Random(2), method, CLUSTERS);
    SegmenterFile.write(path, model.withDendrogram(tree()));
    Fixtures.close(model.tensors());
    return new SafetensorsSegmenterLoader().load(path, new DescriptorBackbone());
  }

  private static int[] clusters(Segmentation map, IntUnaryOperator standsFor) {
    return IntStream.range(0, map.width() * map.height())
        .map(i -> standsFor.applyAsInt(map.clusterAt(i % map.width(), i / map.width())))
        .toArray();
  }

  @ParameterizedTest
  @EnumSource
  void probabilitiesOfASegmentAreTheSumOfItsClusters(SegmenterMethod method) throws IOException {
    BufferedImage image = Fixtures.image(TestSeed.random(), 80, 64);
    try (Segmenter segmenter = open(method);
        Tensor pixels = segmenter.info().geometry().pixels(image);
        PatchFeatures features = segmenter.backbone().extract(pixels);
        PatchLogits clusters = segmenter.logits(features, 1);
        PatchLogits segments = segmenter.withSegments(new Segments.Count(3)).logits(features, 1)) {
      assertEquals(3, segments.values().size(1));
      for (int row = 0; row < features.patches(); row++) {
        double[] expected = new double[3];
        double[] each = softmax(clusters.values(), row, clusters.divisor());
        for (int cluster = 0; cluster < CLUSTERS; cluster++) {
          expected[cluster % 3] += each[cluster];
        }
        assertArrayEquals(expected, softmax(segments.values(), row, segments.divisor()), 1e-4);
      }
    }
  }

  private static double[] softmax(Tensor logits, int row, float divisor) {
    int count = Math.toIntExact(logits.size(1));
    double[] values = new double[count];
    double sum = 0;
    for (int i = 0; i < count; i++) {
      values[i] = Math.exp(((double) logits.get((long) row * count + i)) / divisor);
      sum += values[i];
    }
    for (int i = 0; i < count; i++) {
      values[i] /= sum;
    }
    return values;
  }

  @Test
  void asManySegmentsAsClustersAreTheClusters() throws IOException {
    BufferedImage image = Fixtures.image(TestSeed.random(), 90, 70);
    try (Segmenter segmenter = open(SegmenterMethod.NEURAL_EIGENFUNCTIONS)) {
      int[] segmentOfCluster = tree().cut(CLUSTERS);
      for (SegmentOptions options :
          List.of(SegmentOptions.DEFAULT, SegmentOptions.DEFAULT.withWindows(64, 48))) {
        Segmentation all = segmenter.segment(image, options);
        Segmentation merged = segmenter.segment(image, options.withSegments(CLUSTERS));
        assertTrue(IntStream.of(clusters(all, c -> c)).distinct().count() > 1);
        assertArrayEquals(
            clusters(all, cluster -> segmentOfCluster[cluster]), clusters(merged, c -> c));
      }
    }
  }

  @Test
  void fewSegmentsAreFewInEveryWayOfLooking() throws IOException {
    BufferedImage image = Fixtures.image(TestSeed.random(), 90, 70);
    try (Segmenter segmenter = open(SegmenterMethod.NEURAL_EIGENFUNCTIONS)) {
      SegmentOptions two = SegmentOptions.DEFAULT.withSegments(2);
      Segmentation plain = segmenter.segment(image, two);
      assertEquals(2, plain.clusters());
      assertArrayEquals(
          clusters(plain, c -> c),
          clusters(segmenter.withSegments(new Segments.Count(2)).segment(image), c -> c));
      Segmentation one = segmenter.segment(image, two.withFlip(true).withSegments(1));
      assertEquals(1, one.clusters());
      assertTrue(IntStream.of(clusters(one, c -> c)).allMatch(cluster -> cluster == 0));
      assertEquals(CLUSTERS, segmenter.segment(image).clusters(), "the segmenter is as it was");
      assertEquals(
          5,
          segmenter
              .withSegments(new Segments.Count(2))
              .withSegments(new Segments.Count(5))
              .info()
              .clusters());
    }
  }

  @Test
  void autoIsTheNaturalNumber() throws IOException {
    BufferedImage image = Fixtures.image(TestSeed.random(), 90, 70);
    try (Segmenter segmenter = open(SegmenterMethod.KMEANS_FEATURES)) {
      Segmentation auto =
          segmenter.segment(image, SegmentOptions.DEFAULT.withSegments(new Segments.Auto()));
      assertEquals(3, auto.clusters());
      assertArrayEquals(
          clusters(segmenter.segment(image, SegmentOptions.DEFAULT.withSegments(3)), c -> c),
          clusters(auto, c -> c));
    }
  }

  @Test
  void aModelThatDoesNotSayHowClustersMergeIsRefused() throws IOException {
    Path path = folder.resolve("old");
    SegmenterModel model = Fixtures.model(new Random(2), SegmenterMethod.KMEANS_FEATURES, 4);
    SegmenterFile.write(path, model);
    Fixtures.close(model.tensors());
    BufferedImage image = Fixtures.image(TestSeed.random(), 40, 40);
    SafetensorsSegmenterLoader loader = new SafetensorsSegmenterLoader();
    assertFalse(loader.info(path).dendrogram().isPresent());
    try (Segmenter segmenter = loader.load(path, new DescriptorBackbone())) {
      for (Segments wanted : List.of(new Segments.Count(2), new Segments.Auto())) {
        SegmentOptions options = SegmentOptions.DEFAULT.withSegments(wanted);
        String message =
            assertThrows(IncompatibleException.class, () -> segmenter.segment(image, options))
                .getMessage();
        assertTrue(message.contains("merge-clusters"), message);
      }
    }
    try (Segmenter segmenter = open(SegmenterMethod.KMEANS_FEATURES)) {
      assertThrows(
          BadInputException.class,
          () -> segmenter.segment(image, SegmentOptions.DEFAULT.withSegments(CLUSTERS + 1)));
    }
  }
}
