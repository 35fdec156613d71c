package dev.eigenseg.api;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.awt.image.BufferedImage;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.NoSuchElementException;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.SynchronousQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class SegmentBatchTest {
  private static final Segmentation ONE = Segmentation.of(1, 1, 1, new int[1], Optional.empty());

  private static Stream<Path> files(int count) {
    return IntStream.range(0, count).mapToObj(i -> Path.of("image-" + i));
  }

  private static Segmentation ofWidth(int width) {
    return Segmentation.of(width, 1, 1, new int[width], Optional.empty());
  }

  private static int number(Path image) {
    return Integer.parseInt(image.toString().substring("image-".length()));
  }

  @Test
  void resultsComeInOrderWhoeverIsFaster() {
    Random random = TestSeed.random();
    int[] millis = random.ints(60, 0, 8).toArray();
    for (int parallel = 1; parallel < 6; parallel++) {
      List<Integer> widths = new ArrayList<>();
      try (SegmentBatch batch =
          new SegmentBatch(
              files(60).iterator(),
              parallel,
              (image, cancellation) -> {
                sleep(millis[number(image)]);
                return ofWidth(1 + number(image));
              })) {
        while (batch.hasNext()) {
          SegmentBatch.Item item = batch.next();
          assertEquals("image-" + widths.size(), item.image().toString());
          widths.add(item.segments().width());
        }
        assertThrows(NoSuchElementException.class, batch::next);
      }
      assertEquals(IntStream.rangeClosed(1, 60).boxed().toList(), widths);
    }
  }

  @Test
  void nothingIsBegunFarAheadOfATakerThatIsSlow() {
    AtomicInteger begun = new AtomicInteger();
    AtomicInteger asked = new AtomicInteger();
    Iterator<Path> source = files(100).peek(file -> asked.incrementAndGet()).iterator();
    try (SegmentBatch batch =
        new SegmentBatch(
            source,
            3,
            (image, cancellation) -> {
              begun.incrementAndGet();
              return ONE;
            })) {
      for (int taken = 0; taken < 20; taken++) {
        sleep(10);
        assertTrue(begun.get() <= taken + 6, begun + " begun, " + taken + " taken");
        assertTrue(asked.get() <= taken + 7, asked + " asked for, " + taken + " taken");
        batch.next();
      }
    }
    assertTrue(begun.get() <= 26, begun + " begun");
  }

  /** A limit on pixels holds for what is read later, in other threads. */
  @Test
  void aLimitGoesWithTheWork() throws Exception {
    byte[] png = WrittenImages.png(new BufferedImage(30, 20, BufferedImage.TYPE_INT_RGB));
    for (int limit : new int[] {599, 600}) {
      try (SegmentBatch batch =
          Images.limited(
              limit,
              () ->
                  new SegmentBatch(
                      files(1).iterator(),
                      1,
                      (image, end) -> ofWidth(Images.read(png).getWidth())))) {
        assertEquals(limit == 600, batch.next().result().isPresent(), "batch, limit " + limit);
      }
      CompletableFuture<Integer> width =
          Images.limited(
              limit, () -> AsyncCall.run(Runnable::run, end -> Images.read(png).getWidth()));
      assertEquals(limit < 600, width.isCompletedExceptionally(), "future, limit " + limit);
      try (ExecutorService elsewhere = Executors.newSingleThreadExecutor()) {
        CompletableFuture<Integer> later =
            Images.limited(
                limit, () -> AsyncCall.run(elsewhere, end -> Images.read(png).getWidth()));
        assertEquals(limit == 600 ? 30 : -1, later.exceptionally(e -> -1).get());
      }
    }
  }

  @Test
  void anImageThatFailsIsToldAndTheOthersGoOn() {
    try (SegmentBatch batch =
        new SegmentBatch(
            files(4).iterator(),
            2,
            (image, cancellation) ->
                switch (number(image)) {
                  case 1 -> throw new BadInputException("no image");
                  case 2 -> throw new IOException("no disk");
                  default -> ONE;
                })) {
      assertSame(ONE, batch.next().segments());
      SegmentBatch.Item bad = batch.next();
      assertTrue(bad.result().isEmpty());
      assertThrows(BadInputException.class, bad::segments);
      SegmentBatch.Item unread = batch.next();
      assertInstanceOf(UncheckedIOException.class, unread.failure().orElseThrow());
      assertTrue(unread.failure().get().getMessage().contains("image-2"));
      assertSame(ONE, batch.next().segments());
      assertFalse(batch.hasNext());
    }
  }

  @Test
  void closingEndsWhatIsUnderWay() throws Exception {
    CountDownLatch begun = new CountDownLatch(2);
    CountDownLatch ended = new CountDownLatch(2);
    SegmentBatch batch =
        new SegmentBatch(
            files(9).iterator(),
            2,
            (image, cancellation) -> {
              begun.countDown();
              try {
                while (true) {
                  cancellation.check();
                }
              } finally {
                ended.countDown();
              }
            });
    begun.await();
    try (ExecutorService taker = Executors.newSingleThreadExecutor()) {
      var waiting = taker.submit(batch::next);
      sleep(20);
      batch.close();
      assertEquals(0, ended.getCount());
      Exception failure = assertThrows(Exception.class, waiting::get);
      assertInstanceOf(CancelledException.class, failure.getCause());
    }
    batch.close();
    assertThrows(CancelledException.class, batch::hasNext);
  }

  @Test
  void aSourceThatWaitsHoldsNobodyUp() {
    SynchronousQueue<Path> queue = new SynchronousQueue<>();
    Iterator<Path> source =
        new Iterator<>() {
          private int given;

          @Override
          public boolean hasNext() {
            return true;
          }

          @Override
          public Path next() {
            if (given++ == 0) {
              return Path.of("image-0");
            }
            try {
              return queue.take();
            } catch (InterruptedException e) {
              throw new IllegalStateException(e);
            }
          }
        };
    try (SegmentBatch batch = new SegmentBatch(source, 2, (image, cancellation) -> ONE)) {
      assertSame(ONE, batch.next().segments());
    }
  }

  @Test
  void whatTheSourceThrowsEndsTheBatch() {
    Iterator<Path> source =
        files(3)
            .peek(file -> {
              if (number(file) == 2) {
                throw new UncheckedIOException(new IOException("the folder is gone"));
              }
            })
            .iterator();
    try (SegmentBatch batch = new SegmentBatch(source, 1, (image, cancellation) -> ONE)) {
      IllegalStateException failure =
          assertThrows(
              IllegalStateException.class,
              () -> {
                while (batch.hasNext()) {
                  batch.next();
                }
              });
      assertInstanceOf(UncheckedIOException.class, failure.getCause());
    }
  }

  @Test
  void anInterruptedTakerKeepsItsFlag() {
    try (SegmentBatch batch =
        new SegmentBatch(
            files(1).iterator(),
            1,
            (image, cancellation) -> {
              while (true) {
                cancellation.check();
              }
            })) {
      Thread.currentThread().interrupt();
      assertThrows(CancelledException.class, batch::next);
      assertTrue(Thread.interrupted());
    }
  }

  @Test
  void whoeverCompletesAFutureFirstEndsItsCall() throws Exception {
    try (ExecutorService threads = Executors.newFixedThreadPool(2)) {
      List<CompletableFuture<Integer>> futures = new ArrayList<>();
      CountDownLatch begun = new CountDownLatch(2);
      CountDownLatch ended = new CountDownLatch(2);
      AsyncCall.Work<Integer> endless =
          cancellation -> {
            begun.countDown();
            try {
              while (true) {
                cancellation.check();
              }
            } finally {
              ended.countDown();
            }
          };
      futures.add(AsyncCall.run(threads, endless));
      futures.add(AsyncCall.run(threads, endless));
      AtomicInteger later = new AtomicInteger();
      CompletableFuture<Integer> queued =
          AsyncCall.run(threads, cancellation -> later.incrementAndGet());
      assertTrue(queued.cancel(false)); // before it began
      begun.await();
      assertTrue(futures.get(0).cancel(true));
      futures.set(1, futures.get(1).orTimeout(20, TimeUnit.MILLISECONDS));
      ended.await();
      assertThrows(Exception.class, () -> futures.get(1).get());
      assertEquals(7, AsyncCall.run(threads, cancellation -> 7).get());
      assertEquals(0, later.get());
      Exception failure =
          assertThrows(
              Exception.class,
              () ->
                  AsyncCall.run(
                          threads,
                          cancellation -> {
                            throw new IOException("no disk");
                          })
                      .get());
      assertInstanceOf(IOException.class, failure.getCause());
      threads.shutdown();
      assertThrows(
          RejectedExecutionException.class, () -> AsyncCall.run(threads, cancellation -> 7));
    }
  }

  private static void sleep(long millis) {
    try {
      Thread.sleep(millis);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
