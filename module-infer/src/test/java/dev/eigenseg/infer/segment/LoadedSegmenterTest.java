package dev.eigenseg.infer.segment;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.eigenseg.api.Backbone;
import dev.eigenseg.api.Backbones;
import dev.eigenseg.api.BadInputException;
import dev.eigenseg.api.CrfOptions;
import dev.eigenseg.api.ImageGeometry.Size;
import dev.eigenseg.api.IncompatibleException;
import dev.eigenseg.api.PatchFeatures;
import dev.eigenseg.api.PatchLogits;
import dev.eigenseg.api.SegmentOptions;
import dev.eigenseg.api.SegmentOptions.Resolution;
import dev.eigenseg.api.Segmentation;
import dev.eigenseg.api.Segmenter;
import dev.eigenseg.api.tensor.DType;
import dev.eigenseg.api.tensor.Tensor;
import dev.eigenseg.infer.Fixtures;
import dev.eigenseg.infer.SegmenterFile;
import dev.eigenseg.infer.SegmenterMethod;
import dev.eigenseg.infer.SegmenterModel;
import dev.eigenseg.infer.TestSeed;
import dev.eigenseg.infer.descriptor.DescriptorBackbone;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class LoadedSegmenterTest {
  private static final SafetensorsSegmenterLoader LOADER = new SafetensorsSegmenterLoader();

  @TempDir Path folder;

  /** A model whose random weights are known to tell places of the images apart. */
  private Path write(SegmenterMethod method, int clusters) throws IOException {
    Path path = folder.resolve(method.text() + ".safetensors");
    SegmenterModel model = Fixtures.model(new Random(2), method, clusters);
    SegmenterFile.write(path, model);
    Fixtures.close(model.tensors());
    return path;
  }

  private static List<Integer> clusters(Segmentation segmentation) {
    List<Integer> clusters = new ArrayList<>();
    for (int y = 0; y < segmentation.height(); y++) {
      for (int x = 0; x < segmentation.width(); x++) {
        clusters.add(segmentation.clusterAt(x, y));
      }
    }
    return clusters;
  }

  @ParameterizedTest
  @EnumSource
  void sixteenThreadsGetTheSameResult(SegmenterMethod method) throws Exception {
    BufferedImage image = Fixtures.image(TestSeed.random(), 110, 81);
    try (Segmenter segmenter = LOADER.load(write(method, 30), new DescriptorBackbone());
        ExecutorService threads = Executors.newFixedThreadPool(16)) {
      Segmentation alone = segmenter.segment(image);
      assertEquals(110, alone.width());
      assertEquals(81, alone.height());
      assertTrue(clusters(alone).stream().distinct().count() > 1, "one cluster only");
      List<SegmentOptions> options = mixedOptions();
      List<List<Integer>> expected =
          options.stream().map(o -> clusters(segmenter.segment(image, o))).toList();
      assertEquals(clusters(alone), expected.getFirst());
      List<Callable<List<Integer>>> tasks = new ArrayList<>();
      for (int i = 0; i < 35; i++) {
        SegmentOptions each = options.get(i % options.size()).withThreads(1 + i % 3);
        tasks.add(() -> clusters(segmenter.segment(image, each)));
      }
      List<Future<List<Integer>>> results = threads.invokeAll(tasks);
      for (int i = 0; i < results.size(); i++) {
        assertEquals(expected.get(i % options.size()), results.get(i).get());
      }
    }
  }

  private static List<SegmentOptions> mixedOptions() {
    SegmentOptions plain = SegmentOptions.DEFAULT;
    CrfOptions crf = new CrfOptions(2, 3, 1, 4, 20, 10, 1 << 20);
    return List.of(
        plain,
        plain.withWindows(64, 48),
        plain.withFlip(true).withScales(List.of(0.75, 1.5)),
        plain.withWindows(48, 48).withFlip(true).withScales(List.of(0.3, 1.0)),
        plain.withCrf(crf),
        plain.withWindows(64, 50).withScales(List.of(1.0, 1.3)).withCrf(crf.withMaxPixels(5000)),
        plain.withResolution(new Resolution.Fixed(new Size(80, 97))));
  }

  @Test
  void theNumberOfThreadsChangesNothing() throws IOException {
    BufferedImage image = Fixtures.image(TestSeed.random(), 123, 97);
    try (Segmenter segmenter =
        LOADER.load(write(SegmenterMethod.NEURAL_EIGENFUNCTIONS, 30), new DescriptorBackbone())) {
      for (SegmentOptions options : mixedOptions()) {
        List<Integer> expected = clusters(segmenter.segment(image, options));
        assertTrue(expected.stream().distinct().count() > 1, "one cluster only: " + options);
        for (int threads : new int[] {2, 3, 5}) {
          Segmentation found = segmenter.segment(image, options.withThreads(threads));
          assertEquals(expected, clusters(found), options + " on " + threads);
        }
      }
    }
  }

  @Test
  void batchesGiveWhatSingleImagesGive() throws IOException {
    Random random = TestSeed.random();
    List<BufferedImage> images = new ArrayList<>();
    for (int i = 0; i < 5; i++) {
      images.add(Fixtures.image(random, 40 + 10 * i, 90 - 10 * i));
    }
    SegmentOptions options = SegmentOptions.DEFAULT.withWindows(32, 24);
    try (Segmenter segmenter =
        LOADER.load(write(SegmenterMethod.KMEANS_FEATURES, 7), new DescriptorBackbone())) {
      for (int threads : new int[] {1, 2, 16}) {
        List<Segmentation> found = segmenter.segment(images, options.withThreads(threads));
        assertEquals(images.size(), found.size());
        for (int i = 0; i < images.size(); i++) {
          Segmentation alone = segmenter.segment(images.get(i), options);
          assertEquals(clusters(alone), clusters(found.get(i)));
        }
      }
      assertTrue(segmenter.segment(List.of(), options).isEmpty());
    }
  }

  @Test
  void oneWindowOverAllIsTheWholeImage() throws IOException {
    BufferedImage image = Fixtures.image(TestSeed.random(), 96, 96);
    try (Segmenter segmenter =
        LOADER.load(write(SegmenterMethod.KMEANS_HIDDEN, 11), new DescriptorBackbone())) {
      List<Integer> whole = clusters(segmenter.segment(image));
      SegmentOptions window = SegmentOptions.DEFAULT.withWindows(96, 50);
      assertEquals(whole, clusters(segmenter.segment(image, window)));
      SegmentOptions fixed =
          SegmentOptions.DEFAULT.withResolution(new Resolution.Fixed(new Size(48, 48)));
      SegmentOptions half = SegmentOptions.DEFAULT.withScales(List.of(0.5));
      assertEquals(
          clusters(segmenter.segment(image, half)), clusters(segmenter.segment(image, fixed)));
    }
  }

  @Test
  void mirroredViewsMakeTheResultSymmetric() throws IOException {
    // 96 pixels: whole patches, so that no padding tells left from right.
    BufferedImage image = Fixtures.image(TestSeed.random(), 96, 64);
    BufferedImage mirrored = new BufferedImage(96, 64, BufferedImage.TYPE_INT_RGB);
    for (int y = 0; y < 64; y++) {
      for (int x = 0; x < 96; x++) {
        mirrored.setRGB(95 - x, y, image.getRGB(x, y));
      }
    }
    SegmentOptions options = SegmentOptions.DEFAULT.withFlip(true).withWindows(64, 32);
    try (Segmenter segmenter =
        LOADER.load(write(SegmenterMethod.NEURAL_EIGENFUNCTIONS, 6), new DescriptorBackbone())) {
      Segmentation one = segmenter.segment(image, options);
      Segmentation other = segmenter.segment(mirrored, options);
      int equal = 0;
      for (int y = 0; y < 64; y++) {
        for (int x = 0; x < 96; x++) {
          equal += one.clusterAt(x, y) == other.clusterAt(95 - x, y) ? 1 : 0;
        }
      }
      // Sums are taken in another order, which may decide a few ties otherwise.
      assertTrue(equal >= 96 * 64 - 20, equal + " of " + 96 * 64);
    }
  }

  @Test
  void closingWhileOthersSegmentIsSafe() throws Exception {
    BufferedImage image = Fixtures.image(TestSeed.random(), 150, 101);
    Path path = write(SegmenterMethod.KMEANS_HIDDEN, 9);
    for (int round = 0; round < 10; round++) {
      Segmenter segmenter = LOADER.load(path, new DescriptorBackbone());
      List<Integer> expected = clusters(segmenter.segment(image));
      CountDownLatch begun = new CountDownLatch(4);
      try (ExecutorService threads = Executors.newFixedThreadPool(4)) {
        List<Future<Integer>> results = new ArrayList<>();
        for (int i = 0; i < 4; i++) {
          results.add(threads.submit(() -> segmentUntilClosed(segmenter, image, expected, begun)));
        }
        begun.await();
        segmenter.close();
        segmenter.close();
        assertThrows(IllegalStateException.class, () -> segmenter.segment(image));
        for (Future<Integer> result : results) {
          assertTrue(result.get() > 0);
        }
      }
    }
  }

  /** The number of right results before the first refusal; any other failure is thrown. */
  private static int segmentUntilClosed(
      Segmenter segmenter, BufferedImage image, List<Integer> expected, CountDownLatch begun) {
    for (int done = 0; ; done++) {
      Segmentation result;
      try {
        result = segmenter.segment(image);
      } catch (IllegalStateException e) {
        assertEquals("this segmenter is closed", e.getMessage());
        return done;
      }
      assertEquals(expected, clusters(result));
      begun.countDown();
    }
  }

  @Test
  void aModelMayBeUsedOnAFinerGridThanThatOfTraining() throws IOException {
    BufferedImage image = Fixtures.image(TestSeed.random(), 90, 50);
    Map<String, String> looks = Map.of("looks", "1,2");
    Path path = folder.resolve("looks.safetensors");
    SegmenterModel model =
        Fixtures.model(TestSeed.random(), SegmenterMethod.NEURAL_EIGENFUNCTIONS, 6, looks);
    SegmenterFile.write(path, model);
    Fixtures.close(model.tensors());
    try (Segmenter coarse =
            LOADER.load(path, Backbones.looking(looks, own -> new DescriptorBackbone()));
        Segmenter fine =
            LOADER.load(
                path,
                Backbones.finer(Backbones.looking(looks, own -> new DescriptorBackbone()), 2))) {
      int patch = coarse.info().geometry().patchSize();
      assertEquals(patch / 2, fine.info().geometry().patchSize());
      try (Tensor pixels = fine.info().geometry().pixels(image);
          PatchFeatures features = fine.backbone().extract(pixels)) {
        assertEquals(Math.ceilDiv(90, patch / 2), features.gridColumns());
        assertEquals(clusters(fine.segment(image)), clusters(fine.segment(features, 90, 50)));
      }
      assertEquals(90 * 50, clusters(coarse.segment(image)).size());
    }
    Map<String, String> other = Map.of("looks", "1,3", "finer", "2");
    assertThrows(
        IncompatibleException.class,
        () -> LOADER.load(path, Backbones.looking(other, own -> new DescriptorBackbone())));
  }

  @Test
  void featuresMayComeFromAnEqualBackboneOnly() throws IOException {
    BufferedImage image = Fixtures.image(TestSeed.random(), 90, 50);
    SegmentOptions windows = SegmentOptions.DEFAULT.withWindows(32, 24);
    Map<String, String> looks = Map.of("looks", "1,2");
    try (Segmenter segmenter =
            LOADER.load(write(SegmenterMethod.NEURAL_EIGENFUNCTIONS, 6), new DescriptorBackbone());
        Backbone equal = new DescriptorBackbone();
        Backbone looking = Backbones.looking(looks, own -> new DescriptorBackbone())) {
      for (SegmentOptions options : List.of(SegmentOptions.DEFAULT, windows)) {
        assertEquals(
            clusters(segmenter.segment(image, options)),
            clusters(segmenter.segment(image, options, equal)));
        assertThrows(IncompatibleException.class, () -> segmenter.segment(image, options, looking));
      }
    }
  }

  @Test
  void featuresGiveWhatTheImageGives() throws IOException {
    BufferedImage image = Fixtures.image(TestSeed.random(), 90, 50);
    try (Segmenter segmenter =
            LOADER.load(write(SegmenterMethod.NEURAL_EIGENFUNCTIONS, 6), new DescriptorBackbone());
        Tensor pixels = segmenter.info().geometry().pixels(image);
        PatchFeatures features = segmenter.backbone().extract(pixels)) {
      assertEquals(
          clusters(segmenter.segment(image)), clusters(segmenter.segment(features, 90, 50)));
      CrfOptions crf = CrfOptions.DEFAULT;
      assertEquals(
          clusters(segmenter.segment(image, SegmentOptions.DEFAULT.withCrf(crf))),
          clusters(segmenter.segment(features, image, crf, 2)));
      assertThrows(BadInputException.class, () -> segmenter.segment(features, 900, 50));
      try (PatchLogits logits = segmenter.logits(features, 2);
          PatchLogits few =
              new PatchLogits(
                  logits.gridRows(),
                  logits.gridColumns(),
                  Tensor.allocate(DType.F32, logits.values().size(0), 2),
                  1)) {
        segmenter.segment(logits, image, crf, 1);
        assertEquals(
            clusters(segmenter.segment(image)), clusters(segmenter.segment(logits, 90, 50)));
        assertThrows(IncompatibleException.class, () -> segmenter.segment(few, 90, 50));
      }
    }
  }

  @Test
  void theApiFindsLoaderAndBackbone() throws IOException {
    BufferedImage image = Fixtures.image(TestSeed.random(), 90, 50);
    Path path = write(SegmenterMethod.KMEANS_HIDDEN, 6);
    try (Segmenter expected = LOADER.load(path, new DescriptorBackbone());
        Segmenter found = Segmenter.load(path)) {
      assertEquals(clusters(expected.segment(image)), clusters(found.segment(image)));
    }
  }

  @Test
  void anotherBackboneIsRefusedAndClosed() throws IOException {
    Path path = write(SegmenterMethod.KMEANS_FEATURES, 3);
    AtomicBoolean closed = new AtomicBoolean();
    Backbone other = new OtherBackbone(closed);
    IncompatibleException error =
        assertThrows(IncompatibleException.class, () -> LOADER.load(path, other).close());
    assertTrue(error.getMessage().contains("descriptor"), error.getMessage());
    assertTrue(closed.get());
    closed.set(false);
    assertThrows(IOException.class, () -> LOADER.load(folder.resolve("none"), other).close());
    assertTrue(closed.get());
  }

  /** The descriptor backbone with another hash. */
  private record OtherBackbone(DescriptorBackbone inner, AtomicBoolean closed) implements Backbone {
    OtherBackbone(AtomicBoolean closed) {
      this(new DescriptorBackbone(), closed);
    }

    @Override
    public String id() {
      return "other";
    }

    @Override
    public String sha256() {
      return "0".repeat(64);
    }

    @Override
    public int patchSize() {
      return inner.patchSize();
    }

    @Override
    public FeatureDims dims() {
      return inner.dims();
    }

    @Override
    public PatchFeatures extract(Tensor pixels) {
      return inner.extract(pixels);
    }

    @Override
    public void close() {
      closed.set(true);
    }
  }

  @Test
  void memoryStaysFlatOverManyOpensAndCloses() throws IOException {
    Path status = Path.of("/proc/self/status");
    Assumptions.assumeTrue(Files.exists(status), "no /proc to read the resident set from");
    Path path = write(SegmenterMethod.KMEANS_HIDDEN, 200);
    BufferedImage image = Fixtures.image(new Random(1), 64, 64);
    openAndClose(path, image, 1000);
    long before = residentKilobytes(status);
    // Each holds about 130 kB of packed weights: a leak of these alone would be 500 MB.
    openAndClose(path, image, 4000);
    long after = residentKilobytes(status);
    assertTrue(
        after - before < 100_000, "resident set grew from " + before + " to " + after + " kB");
  }

  private static void openAndClose(Path path, BufferedImage image, int times) throws IOException {
    for (int i = 0; i < times; i++) {
      try (Segmenter segmenter = LOADER.load(path, new DescriptorBackbone())) {
        if (i % 50 == 0) {
          assertEquals(64, segmenter.segment(image).width());
        }
      }
    }
  }

  private static long residentKilobytes(Path status) throws IOException {
    return Files.readAllLines(status).stream()
        .filter(line -> line.startsWith("VmRSS:"))
        .mapToLong(line -> Long.parseLong(line.replaceAll("[^0-9]", "")))
        .findFirst()
        .orElseThrow();
  }
}
