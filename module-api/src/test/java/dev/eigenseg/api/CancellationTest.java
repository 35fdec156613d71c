package dev.eigenseg.api;

import static org.junit.jupiter.api.Assertions.assertDoesNotThrow;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.eigenseg.api.internal.kernel.Gemm;
import dev.eigenseg.api.internal.kernel.Parallel;
import dev.eigenseg.api.tensor.DType;
import dev.eigenseg.api.tensor.Tensor;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Random;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(60)
class CancellationTest {
  @TempDir Path folder;

  @AfterEach
  void forgetInterrupts() {
    Thread.interrupted();
  }

  @Test
  void aDeadlineIsToldFromACancellation() {
    Cancellation late = Cancellation.after(Duration.ZERO);
    assertTrue(late.isCancelled());
    assertThrows(DeadlineExceededException.class, late::check);
    late.cancel();
    assertThrows(CancelledException.class, late::check);
    Cancellation never = Cancellation.after(Duration.ofSeconds(Long.MAX_VALUE));
    assertFalse(never.isCancelled());
    assertDoesNotThrow(never::check);
    assertThrows(UnsupportedOperationException.class, Cancellation.NONE::cancel);
    assertDoesNotThrow(Cancellation.NONE::check);
  }

  @Test
  void nothingIsBegunThatIsToEnd() {
    AtomicInteger begun = new AtomicInteger();
    Cancellation cancelled = new Cancellation();
    cancelled.cancel();
    assertThrows(CancelledException.class, () -> cancelled.call(begun::incrementAndGet));
    Thread.currentThread().interrupt();
    assertThrows(CancelledException.class, () -> new Cancellation().call(begun::incrementAndGet));
    assertTrue(Thread.interrupted(), "the flag is kept");
    assertEquals(0, begun.get());
    assertEquals(1, new Cancellation().call(begun::incrementAndGet));
  }

  @Test
  void outerCallsEndInnerOnesAndAllTheirThreads() {
    Cancellation outer = new Cancellation();
    CountDownLatch both = new CountDownLatch(2);
    CancelledException thrown =
        assertThrows(
            CancelledException.class,
            () -> outer.call(() -> new Cancellation().call(() -> spin(outer, both))));
    assertEquals(0, thrown.getSuppressed().length);
    assertDoesNotThrow(Cancellation::checkCall); // this thread works for nobody now
  }

  /** Two threads that end only because they are told to. */
  private static Object spin(Cancellation outer, CountDownLatch both) {
    Parallel.forEach(
        2,
        2,
        i -> {
          both.countDown();
          while (true) {
            if (both.getCount() == 0) {
              outer.cancel();
            }
            Cancellation.checkCall();
          }
        });
    return outer;
  }

  @Test
  void anInterruptReachesTheHelpers() throws Exception {
    CountDownLatch both = new CountDownLatch(2);
    AtomicInteger ended = new AtomicInteger();
    Thread caller =
        Thread.ofPlatform()
            .start(() -> {
              assertThrows(
                  CancelledException.class,
                  () -> Cancellation.NONE.call(() -> spin(new Cancellation(), latched(both))));
              ended.addAndGet(Thread.currentThread().isInterrupted() ? 1 : 100);
            });
    both.await();
    caller.interrupt();
    caller.join();
    assertEquals(1, ended.get());
  }

  /** Counts down the given latch, and never reaches zero itself. */
  private static CountDownLatch latched(CountDownLatch both) {
    return new CountDownLatch(3) {
      @Override
      public void countDown() {
        both.countDown();
      }
    };
  }

  @Test
  void aProductEndsWithinItself() throws Exception {
    int side = 6000; // some seconds on one thread
    try (Tensor a = Tensor.allocate(DType.F32, side, side);
        Tensor c = Tensor.allocate(DType.F32, side, side)) {
      Cancellation cancellation = Cancellation.after(Duration.ofMillis(150));
      long begin = System.nanoTime();
      assertThrows(
          DeadlineExceededException.class,
          () ->
              cancellation.call(() -> {
                for (int i = 0; i < 1000; i++) {
                  Gemm.multiply(a, a, c, 2);
                }
                return side;
              }));
      long millis = TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - begin) - 150;
      System.out.println("a product of " + side + " rows ended " + millis + " ms after its time");
      assertTrue(millis < 2000, millis + " ms");
    }
  }

  @Test
  void decodingEndsWithinAnImage() throws IOException {
    BufferedImage image = new BufferedImage(6000, 5000, BufferedImage.TYPE_INT_RGB);
    Random random = TestSeed.random();
    int[] row = new int[image.getWidth()];
    for (int y = 0; y < image.getHeight(); y++) {
      for (int x = 0; x < row.length; x++) {
        row[x] = random.nextInt() & 0xFFFFFF;
      }
      image.getRaster().setDataElements(0, y, row.length, 1, row);
    }
    for (String format : new String[] {"png", "jpg"}) {
      Path file = folder.resolve("large." + format);
      ImageIO.write(image, format, file.toFile());
      byte[] bytes = Files.readAllBytes(file);
      for (int millis : new int[] {0, 20, 100}) {
        Cancellation cancellation = Cancellation.after(Duration.ofMillis(millis));
        long begin = System.nanoTime();
        assertThrows(
            DeadlineExceededException.class, () -> cancellation.call(() -> Images.read(bytes)));
        assertThrows(
            DeadlineExceededException.class, () -> cancellation.call(() -> Images.read(file)));
        long late = TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - begin) - millis;
        System.out.printf("%s: decoding ended %d ms after its time%n", format, late);
        assertTrue(late < 2000, late + " ms");
      }
      assertEquals(6000, Images.read(bytes).getWidth());
    }
  }

  @Test
  void aReaderThatIsInterruptedDoesNotBlameTheImage() throws IOException {
    Path file = folder.resolve("small.png");
    ImageIO.write(new BufferedImage(9, 9, BufferedImage.TYPE_INT_RGB), "png", file.toFile());
    Thread.currentThread().interrupt();
    assertThrows(CancelledException.class, () -> Images.read(file));
    assertTrue(Thread.interrupted(), "the flag is kept");
    assertEquals(9, Images.read(file).getWidth());
  }
}
