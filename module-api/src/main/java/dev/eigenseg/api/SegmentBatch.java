package dev.eigenseg.api;

import dev.eigenseg.api.internal.kernel.Parallel;
import dev.eigenseg.api.internal.resource.CallScope;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.NoSuchElementException;
import java.util.Optional;
import java.util.Queue;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;

/**
 * Owns the threads of {@link Segmenter#segmentAll}, and gives their results in the order of the
 * images. One thread takes them; {@link #close} may be called from any.
 */
public final class SegmentBatch implements Iterator<SegmentBatch.Item>, AutoCloseable {
  private static final int AHEAD = 2; // images for each that is worked on

  private final Iterator<Path> images;
  private final Work work;
  private final int room;
  private final Cancellation cancellation = new Cancellation();
  private final List<Thread> threads = new ArrayList<>();

  // Guarded by this.
  private final Queue<CompletableFuture<Item>> begun = new ArrayDeque<>();
  private boolean exhausted;
  private boolean closed;

  /** Segments one image. */
  @FunctionalInterface
  interface Work {
    Segmentation segment(Path image, Cancellation cancellation) throws IOException;
  }

  /**
   * What became of one image.
   *
   * @param image the file
   * @param result its segments; empty if it failed
   * @param failure why it failed; empty if it did not
   */
  public record Item(
      Path image, Optional<Segmentation> result, Optional<RuntimeException> failure) {
    /**
     * The segments.
     *
     * @throws BadInputException if the image could not be read
     * @throws UncheckedIOException if its file system failed
     * @throws CancelledException if somebody closed the segmenter
     */
    public Segmentation segments() {
      return result.orElseThrow(failure::orElseThrow);
    }
  }

  SegmentBatch(Iterator<Path> images, int parallel, Work work) {
    if (parallel < 1) {
      throw new IllegalArgumentException(parallel + " images at a time, expected at least 1");
    }
    this.images = images;
    this.work = work;
    room = AHEAD * parallel;
    long maxPixels = CallScope.current().maxPixels();
    Runnable limited = () -> CallScope.limited(maxPixels, this::runAll);
    try {
      for (int i = 1; i <= parallel; i++) {
        Thread thread = Thread.ofPlatform().daemon().name("eigenseg-batch-" + i).unstarted(limited);
        threads.add(thread);
        thread.start();
      }
    } catch (RuntimeException | Error e) {
      close();
      throw e;
    }
  }

  private Void runAll() {
    run();
    return null;
  }

  /** A thread of the batch. */
  private void run() {
    try {
      while (true) {
        Begun next = begin();
        if (next == null) {
          return;
        }
        next.result.complete(segment(next.image));
      }
    } catch (Throwable e) { // memory, or what the iterator threw: whoever takes results hears of it
      fail(e);
    }
  }

  private record Begun(Path image, CompletableFuture<Item> result) {}

  /** The next image, once there is room for its result; null at the end. */
  private Begun begin() {
    // The source may be slow; meanwhile results can be taken.
    synchronized (images) {
      if (!awaitRoom()) {
        return null;
      }
      boolean more = images.hasNext();
      return begin(more ? new Begun(images.next(), new CompletableFuture<>()) : null);
    }
  }

  private synchronized boolean awaitRoom() {
    while (begun.size() >= room && !closed) {
      try {
        wait();
      } catch (InterruptedException e) {
        return false; // by close
      }
    }
    return !closed && !exhausted;
  }

  private synchronized Begun begin(Begun next) {
    notifyAll();
    if (next == null) {
      exhausted = true;
    } else if (!closed) {
      begun.add(next.result);
      return next;
    }
    return null;
  }

  private Item segment(Path image) {
    try {
      return new Item(image, Optional.of(work.segment(image, cancellation)), Optional.empty());
    } catch (IOException e) {
      return failed(image, new UncheckedIOException(image + ": " + e.getMessage(), e));
    } catch (RuntimeException e) {
      return failed(image, e);
    }
  }

  private static Item failed(Path image, RuntimeException failure) {
    return new Item(image, Optional.empty(), Optional.of(failure));
  }

  private synchronized void fail(Throwable failure) {
    exhausted = true;
    CompletableFuture<Item> last = new CompletableFuture<>();
    last.completeExceptionally(failure);
    begun.forEach(result -> result.completeExceptionally(failure));
    begun.add(last);
    notifyAll();
  }

  /**
   * Whether there is another image; waits until that is known.
   *
   * @throws CancelledException if the batch is closed or this thread interrupted, whose flag is
   *     kept
   */
  @Override
  public synchronized boolean hasNext() {
    while (begun.isEmpty() && !exhausted && !closed) {
      try {
        wait();
      } catch (InterruptedException e) {
        throw interrupted(e);
      }
    }
    checkOpen();
    return !begun.isEmpty();
  }

  private void checkOpen() {
    if (closed) {
      throw new CancelledException("this batch is closed; take its results before");
    }
  }

  private static CancelledException interrupted(InterruptedException e) {
    Thread.currentThread().interrupt();
    return new CancelledException("the thread that takes results was interrupted", e);
  }

  /**
   * The next image and its segments, or why it has none; waits for them, and makes room for an
   * image to be begun.
   *
   * @throws NoSuchElementException if there is none
   * @throws CancelledException if the batch is closed or this thread interrupted, whose flag is
   *     kept
   * @throws IllegalStateException if the images could not be iterated, or memory was out
   */
  @Override
  public Item next() {
    if (!hasNext()) {
      throw new NoSuchElementException("all images are done");
    }
    CompletableFuture<Item> result;
    synchronized (this) {
      checkOpen();
      result = begun.element();
    }
    try {
      Item item = result.get();
      synchronized (this) {
        checkOpen();
        begun.poll();
        notifyAll();
      }
      return item;
    } catch (InterruptedException e) {
      throw interrupted(e);
    } catch (CancellationException e) {
      throw new CancelledException("this batch was closed meanwhile", e);
    } catch (ExecutionException e) {
      throw new IllegalStateException("the batch ended early: " + e.getCause(), e.getCause());
    }
  }

  /** Ends what is under way, and waits until all threads have ended. Idempotent. */
  @Override
  public void close() {
    // Before the work is told to end: nobody takes what it then says for a result.
    synchronized (this) {
      closed = true;
      begun.forEach(result -> result.cancel(false));
      notifyAll();
    }
    cancellation.cancel();
    threads.forEach(Thread::interrupt); // the source may wait for something
    threads.forEach(Parallel::joinUninterruptibly);
  }
}
