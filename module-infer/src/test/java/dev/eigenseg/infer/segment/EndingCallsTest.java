package dev.eigenseg.infer.segment;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.eigenseg.api.BadInputException;
import dev.eigenseg.api.Cancellation;
import dev.eigenseg.api.CancelledException;
import dev.eigenseg.api.CrfOptions;
import dev.eigenseg.api.DeadlineExceededException;
import dev.eigenseg.api.Progress;
import dev.eigenseg.api.SegmentBatch;
import dev.eigenseg.api.SegmentOptions;
import dev.eigenseg.api.Segmentation;
import dev.eigenseg.api.Segmenter;
import dev.eigenseg.infer.Fixtures;
import dev.eigenseg.infer.SegmenterFile;
import dev.eigenseg.infer.SegmenterMethod;
import dev.eigenseg.infer.SegmenterModel;
import dev.eigenseg.infer.TestSeed;
import dev.eigenseg.infer.VitModels;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** However large an image is: a call ends soon after it is told to, and leaves nothing behind. */
@Timeout(300)
class EndingCallsTest {
  // Documented are 200 ms on a machine that does nothing else. This one may be busy, or starved:
  // then what the process itself has done counts, not the time that others took.
  private static final long LATE_MILLIS = 2000;

  @TempDir static Path folder;

  private static Segmenter descriptor;
  private static Segmenter vit;
  private static BufferedImage small;
  private static short[] expected;

  @BeforeAll
  static void load() throws IOException {
    Random random = TestSeed.random();
    Path model = folder.resolve("model.safetensors");
    SegmenterModel written = Fixtures.model(random, SegmenterMethod.NEURAL_EIGENFUNCTIONS, 64);
    SegmenterFile.write(model, written);
    Fixtures.close(written.tensors());
    descriptor = Segmenter.load(model);
    vit = VitModels.segmenter(folder.resolve("vit"), random, VitModels.timm(192, 12, 14), 64);
    small = Fixtures.image(random, 100, 80);
    expected = clusters(descriptor.segment(small));
  }

  @AfterAll
  static void close() {
    vit.close();
    descriptor.close();
  }

  private static short[] clusters(Segmentation segments) {
    short[] clusters = new short[segments.width() * segments.height()];
    segments.copyTo(clusters, 0);
    return clusters;
  }

  /** Plain colours in blocks, which are quickly made. */
  private static BufferedImage large(int side) {
    BufferedImage image = new BufferedImage(side, side, BufferedImage.TYPE_INT_RGB);
    int[] row = new int[side];
    for (int y = 0; y < side; y++) {
      for (int x = 0; x < side; x++) {
        row[x] = (((x / 50) * 31 + (y / 50) * 57) * 0x9E3779B1) >>> 8;
      }
      image.getRaster().setDataElements(0, y, side, 1, row);
    }
    return image;
  }

  private record Case(String name, Segmenter segmenter, int side, SegmentOptions options) {}

  private static final class Stopwatch {
    private final long begin = System.nanoTime();
    private final long busy = processorMillis();

    private static long processorMillis() {
      return ProcessHandle.current().info().totalCpuDuration().orElseThrow().toMillis();
    }

    long wall() {
      return TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - begin);
    }

    void assertEnded(String name, long millis, int threads) {
      long late = wall() - millis;
      long worked = processorMillis() - busy - threads * millis;
      assertTrue(
          late < LATE_MILLIS || worked < LATE_MILLIS,
          "%s: %d ms late after %d, with %d ms of work".formatted(name, late, millis, worked));
    }
  }

  private static List<Case> cases() {
    SegmentOptions two = SegmentOptions.DEFAULT.withThreads(2);
    CrfOptions crf = CrfOptions.DEFAULT;
    return List.of(
        new Case("descriptor, whole", descriptor, 6000, two),
        new Case("descriptor, windows", descriptor, 6000, two.withWindows(480, 360)),
        new Case("descriptor, CRF in tiles", descriptor, 4096, two.withCrf(crf)),
        new Case(
            "descriptor, CRF at once", descriptor, 1200, two.withCrf(crf.withMaxPixels(1 << 22))),
        new Case(
            "descriptor, views",
            descriptor,
            3000,
            two.withFlip(true).withScales(List.of(0.5, 1.5))),
        new Case("ViT, whole", vit, 3000, two),
        new Case("ViT, one thread", vit, 2048, SegmentOptions.DEFAULT),
        new Case("ViT, windows", vit, 4096, two.withWindows(480, 360)));
  }

  @Test
  void callsEndWhereverTheyAre() {
    Random random = TestSeed.random();
    Map<String, Long> latest = new TreeMap<>();
    for (Case each : cases()) {
      BufferedImage image = large(each.side);
      for (int millis : new int[] {0, 60, 400, 1500, 500 + random.nextInt(3000)}) {
        Cancellation cancellation = Cancellation.after(Duration.ofMillis(millis));
        Stopwatch watch = new Stopwatch();
        try {
          each.segmenter.segment(image, each.options, cancellation);
        } catch (DeadlineExceededException e) {
          latest.merge(each.name, watch.wall() - millis, Math::max);
          assertEquals(0, e.getSuppressed().length, e.toString());
          watch.assertEnded(each.name, millis, each.options.threads());
        }
      }
    }
    latest.forEach((name, late) -> System.out.printf("%s: ended within %d ms%n", name, late));
    assertEquals(cases().size(), latest.size(), "each is stopped at least once");
  }

  @Test
  void threadsThatAreInterruptedKeepTheirFlagAndOthersGoOn() throws Exception {
    BufferedImage image = large(4096);
    SegmentOptions options = SegmentOptions.DEFAULT.withWindows(480, 360).withThreads(2);
    AtomicReference<Throwable> thrown = new AtomicReference<>();
    AtomicLong flags = new AtomicLong();
    CountDownLatch begun = new CountDownLatch(1);
    Progress noticing = (name, total, unit) -> amount -> begun.countDown();
    Thread caller =
        Thread.ofPlatform()
            .start(() -> {
              try {
                vit.segment(image, options, noticing, Cancellation.NONE);
              } catch (RuntimeException e) {
                thrown.set(e);
                flags.set(Thread.currentThread().isInterrupted() ? 1 : 0);
              }
            });
    begun.await();
    try (ExecutorService other = Executors.newSingleThreadExecutor()) {
      var beside = other.submit(() -> clusters(descriptor.segment(small)));
      Stopwatch asked = new Stopwatch();
      caller.interrupt();
      caller.join();
      System.out.println("an interrupted call ended within " + asked.wall() + " ms");
      asked.assertEnded("interrupted", 0, 1);
      assertArrayEquals(expected, beside.get());
    }
    assertInstanceOf(CancelledException.class, thrown.get());
    assertEquals(1, flags.get());
    assertArrayEquals(expected, clusters(descriptor.segment(small)));
  }

  @Test
  void closingEndsCallsThatRun() throws Exception {
    Segmenter own =
        VitModels.segmenter(
            folder.resolve("own"), TestSeed.random(), VitModels.timm(192, 12, 14), 8);
    BufferedImage image = large(3000);
    Path file = folder.resolve("large.png");
    ImageIO.write(image, "png", file.toFile());
    try (ExecutorService threads = Executors.newFixedThreadPool(2)) {
      var whole = threads.submit(() -> own.segment(image));
      var read = threads.submit(() -> own.segment(file));
      Thread.sleep(700);
      Stopwatch asked = new Stopwatch();
      own.close();
      System.out.println("closing took " + asked.wall() + " ms with two calls under way");
      asked.assertEnded("closed", 0, 1);
      for (var call : List.of(whole, read)) {
        Exception failure = assertThrows(Exception.class, call::get);
        CancelledException cancelled =
            assertInstanceOf(CancelledException.class, failure.getCause());
        assertTrue(cancelled.getMessage().contains("closed"), cancelled.getMessage());
      }
    }
    assertThrows(IllegalStateException.class, () -> own.segment(small));
  }

  @Test
  void callsThatEndEarlyFreeTheirMemory() throws IOException {
    Path status = Path.of("/proc/self/status");
    Assumptions.assumeTrue(Files.exists(status), "no /proc to read the resident set from");
    BufferedImage image = large(1600);
    // Unaries and marginals of all pixels, and the buffers of 10,000 tokens: some 300 MB each.
    SegmentOptions crf =
        SegmentOptions.DEFAULT.withCrf(CrfOptions.DEFAULT.withMaxPixels(1 << 22)).withThreads(2);
    stop(image, crf, 4);
    long before = residentMegabytes(status);
    stop(image, crf, 12);
    long after = residentMegabytes(status);
    System.out.printf("resident: %d MB, then %d MB%n", before, after);
    assertTrue(after - before < 400, "from " + before + " to " + after + " MB");
  }

  private static void stop(BufferedImage image, SegmentOptions crf, int times) {
    BufferedImage smaller = image.getSubimage(0, 0, 1200, 1200); // a lattice is on the heap
    for (int i = 0; i < times; i++) {
      Cancellation late = Cancellation.after(Duration.ofMillis(1200));
      assertThrows(
          DeadlineExceededException.class,
          () -> vit.segment(image, SegmentOptions.DEFAULT.withThreads(2), late));
      Cancellation later = Cancellation.after(Duration.ofMillis(1500));
      assertThrows(DeadlineExceededException.class, () -> descriptor.segment(smaller, crf, later));
    }
  }

  private static long residentMegabytes(Path status) throws IOException {
    System.gc();
    return Files.readAllLines(status).stream()
        .filter(line -> line.startsWith("VmRSS:"))
        .mapToLong(line -> Long.parseLong(line.replaceAll("[^0-9]", "")) / 1024)
        .findFirst()
        .orElseThrow();
  }

  @Test
  void progressCountsWindowsAndIterationsAndMayStopThem() {
    BufferedImage image = large(300);
    SegmentOptions options =
        SegmentOptions.DEFAULT
            .withWindows(96, 64)
            .withFlip(true)
            .withCrf(CrfOptions.DEFAULT.withMaxPixels(40_000));
    Map<String, Long> totals = new ConcurrentHashMap<>();
    Map<String, Long> done = new ConcurrentHashMap<>();
    Progress counting =
        (name, total, unit) -> {
          totals.put(name + " " + unit, total);
          return amount -> done.merge(name + " " + unit, amount, Long::sum);
        };
    short[] counted = clusters(descriptor.segment(image, options, counting, Cancellation.NONE));
    assertArrayEquals(clusters(descriptor.segment(image, options)), counted);
    assertEquals(Map.of("looks windows", 2 * 25L, "crf iterations", 9 * 10L), totals);
    assertEquals(totals, done);
    Progress stopping = Progress.stoppedBy(() -> true);
    assertThrows(
        CancelledException.class,
        () -> descriptor.segment(image, options, stopping, Cancellation.NONE));
  }

  @Test
  void batchesAndFuturesGiveWhatSingleCallsGive() throws Exception {
    Random random = TestSeed.random();
    List<Path> files = new ArrayList<>();
    for (int i = 0; i < 7; i++) {
      Path file = folder.resolve("batch-" + i + ".png");
      if (i == 3) {
        Files.writeString(file, "no image");
      } else {
        ImageIO.write(Fixtures.image(random, 60 + i, 50), "png", file.toFile());
      }
      files.add(file);
    }
    SegmentOptions options = SegmentOptions.DEFAULT.withWindows(48, 32);
    List<Path> taken = new ArrayList<>();
    try (SegmentBatch batch = descriptor.segmentAll(files, options, 2);
        ExecutorService threads = Executors.newFixedThreadPool(2)) {
      while (batch.hasNext()) {
        SegmentBatch.Item item = batch.next();
        taken.add(item.image());
        CompletableFuture<Segmentation> future =
            descriptor.segmentAsync(item.image(), options, threads);
        if (taken.size() == 4) {
          assertInstanceOf(BadInputException.class, item.failure().orElseThrow());
          Exception failure = assertThrows(Exception.class, future::get);
          assertInstanceOf(BadInputException.class, failure.getCause());
        } else {
          short[] alone = clusters(descriptor.segment(item.image(), options));
          assertArrayEquals(alone, clusters(item.segments()));
          assertArrayEquals(alone, clusters(future.get()));
        }
      }
      CompletableFuture<Segmentation> endless = vit.segmentAsync(large(3000), options, threads);
      Thread.sleep(100);
      endless.cancel(true);
      long asked = System.nanoTime();
      threads.shutdown();
      assertTrue(threads.awaitTermination(LATE_MILLIS, TimeUnit.MILLISECONDS));
      System.out.printf(
          "a cancelled future's call ended within %d ms%n",
          (System.nanoTime() - asked) / 1_000_000);
    }
    assertEquals(files, taken);
    assertEquals(Optional.empty(), descriptor.info().names());
  }
}
