package dev.eigenseg.graph.kernel;

import dev.eigenseg.api.Progress;
import dev.eigenseg.api.bank.ImageEntry;
import dev.eigenseg.api.internal.kernel.Parallel;
import dev.eigenseg.api.tensor.DType;
import dev.eigenseg.api.tensor.FeatureRows;
import dev.eigenseg.api.tensor.Tensor;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
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
  // A place of the lists, its edge as it is dealt and as it is sorted, and two entries of the
  // result.
  private static final long BYTES_PER_PLACE =
      8 + Transposition.RECORD_BYTES + IncomingEdges.BYTES_PER_EDGE + 2 * SymmetricRows.ENTRY_BYTES;

  private PixelGraph() {}

  /** The normalised adjacency of images whose rows follow one another in the given order. */
  public static NormalizedAdjacency adjacency(
      List<GridColors> images, PixelGraphOptions options, int threads) throws IOException {
    return NormalizedAdjacency.normalizing(raw(images, options, threads), threads);
  }

  /** The adjacency before its normalisation: 1 for an edge. */
  static SymmetricRows raw(List<GridColors> images, PixelGraphOptions options, int threads)
      throws IOException {
    long rows = images.stream().mapToLong(GridColors::patches).sum();
    long[] first = new long[images.size()];
    for (int i = 1; i < first.length; i++) {
      first[i] = first[i - 1] + images.get(i - 1).patches();
    }
    try (Choices choices = new Choices(0, rows, options)) {
      Parallel.forEach(
          threads, images.size(), i -> choices.fill(images.get((int) i), first[(int) i]));
      return SymmetricRowsBuilder.symmetrized(
          choices.edges(), SymmetricRowsBuilder.Union.MAX, Workspace.UNBOUNDED, threads);
    }
  }

  /**
   * The normalised adjacency of a bank, made of as many images at a time as the workspace holds.
   *
   * @param images the images of the bank in order, whose rows cover {@code pixels}
   * @param pixels the bank's level {@link dev.eigenseg.api.bank.Level#PIXELS}: r, g, b in [0, 1]
   * @param progress counts images
   */
  public static NormalizedAdjacency adjacency(
      List<ImageEntry> images,
      FeatureRows pixels,
      PixelGraphOptions options,
      Workspace space,
      int threads,
      Progress progress)
      throws IOException {
    if (pixels.dim() != 3) {
      throw new IllegalArgumentException("colours have 3 channels, found " + pixels.dim());
    }
    long most = Math.max(1, space.bytes() / (BYTES_PER_PLACE * Math.max(1, options.width())));
    try (SymmetricRowsBuilder builder = new SymmetricRowsBuilder(pixels.rows(), space, threads);
        Progress.Task task = progress.start("pixel graph", images.size(), "images")) {
      for (int first = 0; first < images.size(); ) {
        int end = endOfPiece(images, first, most);
        try (Choices choices =
            choose(images.subList(first, end), pixels, options, threads, progress, task)) {
          builder.append(choices.edges(), SymmetricRowsBuilder.Union.MAX, Workspace.UNBOUNDED);
        }
        first = end;
      }
      return NormalizedAdjacency.normalizing(builder.finish(), threads);
    }
  }

  /** How many images from the first on have at most so many rows together; at least one. */
  private static int endOfPiece(List<ImageEntry> images, int first, long mostRows) {
    int end = first + 1;
    while (end < images.size()
        && images.get(end).firstRow() + images.get(end).patches() - images.get(first).firstRow()
            <= mostRows) {
      end++;
    }
    return end;
  }

  private static Choices choose(
      List<ImageEntry> images,
      FeatureRows pixels,
      PixelGraphOptions options,
      int threads,
      Progress progress,
      Progress.Task task)
      throws IOException {
    long firstRow = images.getFirst().firstRow();
    long endRow = images.getLast().firstRow() + images.getLast().patches();
    Choices choices = new Choices(firstRow, endRow - firstRow, options);
    try {
      Parallel.forEach(
          threads,
          images.size(),
          i -> {
            progress.checkCancelled();
            choices.fill(images.get((int) i), pixels);
            task.advance(1);
          });
      return choices;
    } catch (UncheckedIOException e) {
      choices.close();
      throw e.getCause();
    } catch (RuntimeException | Error e) {
      choices.close();
      throw e;
    }
  }

  /** Owns the chosen neighbours of some rows; places that are not used have weight 0. */
  private static final class Choices implements AutoCloseable {
    private final Arena arena;
    private final PixelGraphOptions options;
    private final DirectedEdges edges;

    @SuppressWarnings("MustBeClosedChecker")
    Choices(long firstRow, long rows, PixelGraphOptions options) {
      this.options = options;
      this.arena = Arena.ofShared();
      try {
        long places = Math.max(1, Math.multiplyExact(rows, options.width()));
        this.edges =
            new DirectedEdges(
                firstRow,
                rows,
                options.width(),
                arena.allocate(ValueLayout.JAVA_INT, places),
                arena.allocate(ValueLayout.JAVA_FLOAT, places));
      } catch (RuntimeException | Error e) {
        arena.close();
        throw e;
      }
    }

    /** The lists; borrowed. */
    DirectedEdges edges() {
      return edges;
    }

    void fill(ImageEntry image, FeatureRows pixels) {
      try (Tensor colors = Tensor.allocate(DType.F32, image.patches(), 3)) {
        pixels.read(image.firstRow(), image.patches(), colors.segment());
        fill(new GridColors(image.gridRows(), image.gridColumns(), colors), image.firstRow());
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }

    void fill(GridColors image, long imageRow) {
      ImageNeighbors search = new ImageNeighbors(image, options);
      for (int p = 0; p < image.patches(); p++) {
        int[] chosen = search.of(p);
        for (int i = 0; i < search.count(); i++) {
          long place = edges.place(imageRow + p) + i;
          edges.ids().setAtIndex(ValueLayout.JAVA_INT, place, (int) (imageRow + chosen[i]));
          edges.weights().setAtIndex(ValueLayout.JAVA_FLOAT, place, 1f);
        }
      }
    }

    @Override
    public void close() {
      if (arena.scope().isAlive()) {
        arena.close();
      }
    }
  }
}
