package dev.eigenseg.graph.kmeans;

import dev.eigenseg.api.Progress;
import dev.eigenseg.api.internal.kernel.Gemm;
import dev.eigenseg.api.internal.kernel.Parallel;
import dev.eigenseg.api.internal.resource.LargeMemory;
import dev.eigenseg.api.tensor.FeatureRows;
import dev.eigenseg.graph.rows.PreparedRows;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;

/**
 * Owns the rows that k-means works on, one after the other: all of them if they fit, else a window
 * that moves over them. Chunks lie at the same rows either way, so nothing computed from them
 * depends on the memory.
 */
final class ClusterRows implements AutoCloseable {
  /** Rows of a piece of work. */
  static final int CHUNK = 160 * Gemm.rowPanel();

  private static final int WINDOW_CHUNKS = 16;
  private static final int GATHERED = 64;
  private static final int NORMS_AT_A_TIME = 8;

  private final PreparedRows source;
  private final int threads;
  private final Arena arena = Arena.ofShared();
  private final long windowRows;
  private final MemorySegment dense;
  private final MemorySegment squaredNorms;
  private boolean loaded;

  private ClusterRows(PreparedRows source, long memory, int threads) {
    this.source = source;
    this.threads = threads;
    try {
      long chunks = (source.rows() + CHUNK - 1) / CHUNK;
      long chunkBytes = (long) CHUNK * source.dim() * Float.BYTES;
      long held =
          Math.multiplyExact(chunks, chunkBytes) <= memory
              ? chunks
              : Math.min(chunks, WINDOW_CHUNKS);
      this.windowRows = held * CHUNK;
      this.dense = LargeMemory.allocate(arena, held * chunkBytes);
      this.squaredNorms = arena.allocate(ValueLayout.JAVA_FLOAT, source.rows());
    } catch (RuntimeException | Error e) {
      arena.close();
      throw e;
    }
  }

  /**
   * Prepares rows.
   *
   * @param memory bytes for a copy of all rows
   */
  static ClusterRows of(
      FeatureRows features, boolean normalize, long memory, int threads, Progress progress) {
    PreparedRows source = PreparedRows.measure(features, normalize, threads, progress);
    ClusterRows rows;
    try {
      rows = new ClusterRows(source, memory, threads);
    } catch (RuntimeException | Error e) {
      source.close();
      throw e;
    }
    try {
      rows.forEachWindow(progress, rows::measureNorms);
      return rows;
    } catch (RuntimeException | Error e) {
      rows.close();
      throw e;
    }
  }

  /** Consecutive rows. */
  record Window(long first, long count, MemorySegment dense) {}

  /** What is done with each window, in order. */
  interface WindowTask {
    void run(Window window);
  }

  long rows() {
    return source.rows();
  }

  int dim() {
    return source.dim();
  }

  /** The squared L2 norm of a row. */
  float squaredNorm(long row) {
    return squaredNorms.getAtIndex(ValueLayout.JAVA_FLOAT, row);
  }

  /** Copies one row. */
  void read(long row, MemorySegment target) {
    source.read(row, 1, target);
  }

  /**
   * Copies rows from all over.
   *
   * @param chosen which
   * @param target receives {@code chosen.length * dim} floats
   * @param norms receives their squared norms
   */
  void gather(long[] chosen, MemorySegment target, float[] norms) {
    // Every row of a bank is a mapping of its own: worth all threads.
    Parallel.forEach(
        threads,
        (chosen.length + GATHERED - 1) / GATHERED,
        part -> {
          int end = (int) Math.min(chosen.length, (part + 1) * GATHERED);
          for (int i = (int) part * GATHERED; i < end; i++) {
            read(chosen[i], target.asSlice(i * rowBytes(), rowBytes()));
            norms[i] = squaredNorm(chosen[i]);
          }
        });
  }

  /** Shows all rows, window by window. */
  void forEachWindow(Progress progress, WindowTask task) {
    boolean whole = windowRows >= rows();
    for (long first = 0; first < rows(); first += windowRows) {
      progress.checkCancelled();
      Window window = new Window(first, Math.min(windowRows, rows() - first), dense);
      if (!loaded) {
        load(window);
        loaded = whole;
      }
      task.run(window);
    }
  }

  private void load(Window window) {
    forEachChunk(
        window.count(),
        threads,
        (first, count) ->
            source.read(window.first() + first, count, window.dense().asSlice(first * rowBytes())));
  }

  private long rowBytes() {
    return (long) dim() * Float.BYTES;
  }

  private void measureNorms(Window window) {
    forEachChunk(
        window.count(),
        threads,
        (first, count) -> {
          float[] norms = new float[NORMS_AT_A_TIME];
          for (int done = 0; done < count; done += NORMS_AT_A_TIME) {
            long row = first + done;
            int some = Math.min(NORMS_AT_A_TIME, count - done);
            squaredNorms(window.dense(), row, some, dim(), norms);
            for (int i = 0; i < some; i++) {
              squaredNorms.setAtIndex(ValueLayout.JAVA_FLOAT, window.first() + row + i, norms[i]);
            }
          }
        });
  }

  /**
   * One chain of multiply-adds for each row, as in {@code Gemm}: a row and its copy have a squared
   * distance of exactly 0. Several chains side by side hide their latency.
   */
  private static void squaredNorms(
      MemorySegment dense, long first, int count, int dim, float[] target) {
    long step = (long) dim * Float.BYTES;
    long begin = first * step;
    Arrays.fill(target, 0);
    for (long c = 0; c < step; c += Float.BYTES) {
      for (int row = 0; row < count; row++) {
        float value = dense.get(ValueLayout.JAVA_FLOAT, begin + row * step + c);
        target[row] = Math.fma(value, value, target[row]);
      }
    }
  }

  /** Work on {@code count} rows from {@code first}. */
  interface ChunkTask {
    void run(long first, int count);
  }

  /** Runs a task for every chunk of so many rows, in no order. */
  static void forEachChunk(long rows, int threads, ChunkTask task) {
    Parallel.forEach(
        threads,
        (rows + CHUNK - 1) / CHUNK,
        chunk -> task.run(chunk * CHUNK, (int) Math.min(CHUNK, rows - chunk * CHUNK)));
  }

  @Override
  public void close() {
    try (source) {
      if (arena.scope().isAlive()) {
        arena.close();
      }
    }
  }
}
