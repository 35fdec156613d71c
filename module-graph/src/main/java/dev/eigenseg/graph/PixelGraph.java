package dev.eigenseg.graph;

import dev.eigenseg.api.Progress;
import dev.eigenseg.api.bank.FeatureRows;
import dev.eigenseg.api.bank.ImageEntry;
import dev.eigenseg.api.internal.kernel.Parallel;
import dev.eigenseg.api.tensor.DType;
import dev.eigenseg.api.tensor.Tensor;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;

/**
 * The pixel graph: joins patches of one image that are near and alike in colour. For the points (r,
 * g, b, w x, w y), x and y from 0 to 1 over the grid, a patch chooses the union of its nearest
 * points at two weights w; edges are made symmetric by OR and weigh 1. Among equally near points
 * the lower row is chosen. The graph of several images is block-diagonal and normalised as one
 * matrix.
 */
public final class PixelGraph {
  private PixelGraph() {}

  /** The normalised adjacency of images whose rows follow one another in the given order. */
  public static NormalizedAdjacency adjacency(
      List<GridColors> images, PixelGraphOptions options, int threads) {
    return NormalizedAdjacency.normalizing(raw(images, options, threads), threads);
  }

  /** The adjacency before its normalisation: 1 for an edge. */
  static SymmetricRows raw(List<GridColors> images, PixelGraphOptions options, int threads) {
    long rows = images.stream().mapToLong(GridColors::patches).sum();
    try (Choices choices = new Choices(rows, options)) {
      long[] first = new long[images.size()];
      for (int i = 1; i < first.length; i++) {
        first[i] = first[i - 1] + images.get(i - 1).patches();
      }
      Parallel.forEach(
          threads, images.size(), i -> choices.fill(images.get((int) i), first[(int) i]));
      return choices.symmetrize(threads);
    }
  }

  /**
   * The normalised adjacency of a bank.
   *
   * @param images the images of the bank, whose rows cover {@code pixels}
   * @param pixels the bank's level {@link dev.eigenseg.api.bank.Level#PIXELS}: r, g, b in [0, 1]
   * @param progress counts images
   */
  public static NormalizedAdjacency adjacency(
      List<ImageEntry> images,
      FeatureRows pixels,
      PixelGraphOptions options,
      int threads,
      Progress progress)
      throws IOException {
    if (pixels.dim() != 3) {
      throw new IllegalArgumentException("colours have 3 channels, found " + pixels.dim());
    }
    try (Choices choices = new Choices(pixels.rows(), options);
        Progress.Task task = progress.start("pixel graph", images.size(), "images")) {
      Parallel.forEach(
          threads,
          images.size(),
          i -> {
            progress.checkCancelled();
            ImageEntry image = images.get((int) i);
            try (Tensor colors = Tensor.allocate(DType.F32, image.patches(), 3)) {
              pixels.read(image.firstRow(), image.patches(), colors.segment());
              choices.fill(
                  new GridColors(image.gridRows(), image.gridColumns(), colors), image.firstRow());
            } catch (IOException e) {
              throw new UncheckedIOException(e);
            }
            task.advance(1);
          });
      return NormalizedAdjacency.normalizing(choices.symmetrize(threads), threads);
    } catch (UncheckedIOException e) {
      throw e.getCause();
    }
  }

  /** Owns the chosen neighbours of all rows; places that are not used have weight 0. */
  private static final class Choices implements AutoCloseable {
    private final Arena arena;
    private final PixelGraphOptions options;
    private final long rows;
    private final int width;
    private final MemorySegment ids;
    private final MemorySegment weights;

    @SuppressWarnings("MustBeClosedChecker")
    Choices(long rows, PixelGraphOptions options) {
      this.options = options;
      this.rows = rows;
      this.width = options.width();
      this.arena = Arena.ofShared();
      try {
        long places = Math.max(1, Math.multiplyExact(rows, width));
        this.ids = arena.allocate(ValueLayout.JAVA_INT, places);
        this.weights = arena.allocate(ValueLayout.JAVA_FLOAT, places);
      } catch (RuntimeException | Error e) {
        arena.close();
        throw e;
      }
    }

    void fill(GridColors image, long firstRow) {
      ImageNeighbors search = new ImageNeighbors(image, options);
      for (int p = 0; p < image.patches(); p++) {
        int[] chosen = search.of(p);
        for (int i = 0; i < search.count(); i++) {
          long place = (firstRow + p) * width + i;
          ids.setAtIndex(ValueLayout.JAVA_INT, place, (int) (firstRow + chosen[i]));
          weights.setAtIndex(ValueLayout.JAVA_FLOAT, place, 1f);
        }
      }
    }

    SymmetricRows symmetrize(int threads) {
      return SymmetricRows.symmetrize(rows, width, ids, weights, SymmetricRows.Union.MAX, threads);
    }

    @Override
    public void close() {
      if (arena.scope().isAlive()) {
        arena.close();
      }
    }
  }
}
