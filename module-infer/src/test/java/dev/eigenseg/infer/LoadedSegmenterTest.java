package dev.eigenseg.infer;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.eigenseg.api.Backbone;
import dev.eigenseg.api.BadInputException;
import dev.eigenseg.api.IncompatibleException;
import dev.eigenseg.api.PatchFeatures;
import dev.eigenseg.api.Segmentation;
import dev.eigenseg.api.Segmenter;
import dev.eigenseg.api.tensor.Tensor;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
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

  private Path write(SegmenterMethod method, int clusters) throws IOException {
    Path path = folder.resolve(method.text() + ".safetensors");
    SegmenterModel model = Fixtures.model(new Random(Fixtures.seed()), method, clusters);
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
    BufferedImage image = Fixtures.image(new Random(Fixtures.seed()), 150, 101);
    try (Segmenter segmenter = LOADER.load(write(method, 60), new DescriptorBackbone());
        ExecutorService threads = Executors.newFixedThreadPool(16)) {
      Segmentation alone = segmenter.segment(image);
      assertEquals(150, alone.width());
      assertEquals(101, alone.height());
      List<Integer> expected = clusters(alone);
      assertTrue(expected.stream().distinct().count() > 1, "one cluster only");
      Callable<List<Integer>> task = () -> clusters(segmenter.segment(image));
      List<Callable<List<Integer>>> tasks = new ArrayList<>();
      for (int i = 0; i < 64; i++) {
        tasks.add(task);
      }
      for (Future<List<Integer>> result : threads.invokeAll(tasks)) {
        assertEquals(expected, result.get());
      }
    }
  }

  @Test
  void closingWhileOthersSegmentIsSafe() throws Exception {
    BufferedImage image = Fixtures.image(new Random(Fixtures.seed()), 150, 101);
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
  void featuresGiveWhatTheImageGives() throws IOException {
    BufferedImage image = Fixtures.image(new Random(Fixtures.seed()), 90, 50);
    try (Segmenter segmenter =
            LOADER.load(write(SegmenterMethod.NEURAL_EIGENFUNCTIONS, 6), new DescriptorBackbone());
        Tensor pixels = segmenter.info().geometry().pixels(image);
        PatchFeatures features = segmenter.backbone().extract(pixels)) {
      assertEquals(
          clusters(segmenter.segment(image)), clusters(segmenter.segment(features, 90, 50)));
      assertThrows(BadInputException.class, () -> segmenter.segment(features, 900, 50));
    }
  }

  @Test
  void theApiFindsLoaderAndBackbone() throws IOException {
    BufferedImage image = Fixtures.image(new Random(Fixtures.seed()), 90, 50);
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
