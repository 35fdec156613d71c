package dev.eigenseg.graph.spectral;

import static dev.eigenseg.graph.spectral.TallMatrix.WIDTH;

import dev.eigenseg.api.Progress;
import dev.eigenseg.api.internal.resource.Closing;
import dev.eigenseg.api.tensor.DType;
import dev.eigenseg.api.tensor.Tensor;
import dev.eigenseg.graph.kernel.NormalizedAdjacency;
import java.io.IOException;
import java.util.Arrays;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.ejml.data.DMatrixRMaj;
import org.ejml.dense.row.CommonOps_DDRM;

/**
 * Owns a search by block Lanczos with full reorthogonalisation and thick restarts: the basis grows
 * by the kernel's product with its last block, made orthogonal to all blocks twice; when it is
 * full, the leading Ritz vectors are kept and the search goes on from them (Wu and Simon,
 * Thick-restart Lanczos, 2000). The projected matrix is made of the very coefficients of the
 * orthogonalisation, so a restart needs no case of its own.
 *
 * <p>What two restarts do not find is searched for in a {@link ChebyshevFilter} of the kernel,
 * which begins with all that was found so far. Its residuals bound the kernel's, which are measured
 * before anything is returned; if rounding has made them larger than that, the search goes on
 * without a filter.
 *
 * <p>A block of the basis is as wide as the most equal eigenvalues that its products can tell
 * apart. So before anything is returned, it is kept and a search from random directions beside it
 * must find nothing larger.
 */
final class BlockLanczos implements AutoCloseable {
  /** Directions below this fraction of a block's longest are taken for rounding. */
  private static final double LEAST_LENGTH = 1e-5;

  // What is left of a vector of length 1 when it had little of what it is made orthogonal to.
  private static final double LITTLE_CHANGED = 0.5;

  private static final int MOST_PASSES = 5;

  // A block that is no product with the kernel.
  private static final int NO_PRODUCT = -1;

  // Blocks that a filter works in.
  private static final int SPARE = 2;

  static final int PLAIN_RESTARTS = 1;

  // The cut lies so many blocks behind what is kept: the last vectors wanted must stand above it.
  private static final int CUT_BLOCKS = 2;

  // A filter is made anew when what is wanted turns out to lie in so much less above its cut.
  private static final double MOVED = 0.2;

  // Lanczos overestimates the least eigenvalue by some part of the spectrum.
  private static final double MARGIN = 0.05;

  private final NormalizedAdjacency kernel;
  private final EigenOptions options;
  private final SplittableRandom random;
  private final TallMatrix[] basis;
  private final DMatrixRMaj projected;
  private final int kept;
  private final TallMatrix[] spare;
  private ChebyshevFilter filter = ChebyshevFilter.NONE;
  private boolean filtered = true;

  private BlockLanczos(NormalizedAdjacency kernel, EigenOptions options) {
    this.kernel = kernel;
    this.options = options;
    this.random = new SplittableRandom(options.seed());
    int blocks = basisBlocks(options.count());
    this.kept = keptBlocks(options.count());
    this.projected = new DMatrixRMaj(blocks * WIDTH, blocks * WIDTH);
    this.basis = new TallMatrix[blocks + 1]; // and the one that the last product leaves
    this.spare = new TallMatrix[SPARE];
    try {
      allocate(basis, kernel.rows());
      allocate(spare, kernel.rows());
    } catch (RuntimeException | Error e) {
      Closing.after(e, basis);
      Closing.after(e, spare);
      throw e;
    }
  }

  private static void allocate(TallMatrix[] blocks, long rows) {
    for (int i = 0; i < blocks.length; i++) {
      blocks[i] = new TallMatrix(rows);
    }
  }

  /** Some more than wanted, since the last of them converge slowly. */
  private static int keptBlocks(int count) {
    return Math.ceilDiv(count, WIDTH) + 1;
  }

  /** Twice what is kept, and some: fewer blocks need more restarts, more blocks more memory. */
  static int basisBlocks(int count) {
    return 2 * keptBlocks(count) + 2;
  }

  static long memory(long rows, int count) {
    return (basisBlocks(count) + 1L + SPARE) * rows * WIDTH * Float.BYTES;
  }

  static Eigenpairs leading(NormalizedAdjacency kernel, EigenOptions options, Progress progress)
      throws IOException {
    try (BlockLanczos search = new BlockLanczos(kernel, options);
        Progress.Task task = progress.start("eigenvectors", options.count(), "eigenvectors")) {
      return search.run(progress, task);
    }
  }

  private Eigenpairs run(Progress progress, Progress.Task task) throws IOException {
    boolean[] all = new boolean[WIDTH];
    Arrays.fill(all, true);
    basis[0].randomize(random, all);
    orthonormalize(0);
    int from = 0;
    int reported = 0;
    for (int restart = 0; ; restart++) {
      DMatrixRMaj rest = grow(from, progress);
      SymmetricEigen ritz = SymmetricEigen.of(projected);
      double[] values = values(ritz, options.count());
      double[] residuals = residuals(ritz, values, rest);
      int good = good(values, residuals);
      task.advance(Math.max(0, good - reported));
      reported = Math.max(reported, good);
      boolean last = restart == options.restarts();
      if (good == options.count() || last) {
        Eigenpairs found = found(ritz, values, residuals);
        if (last) {
          return found;
        }
        if (good(values, found.residuals()) < options.count()) {
          filtered = false;
        } else if (!missed(found, ritz, progress)) {
          return found;
        }
        found.close();
        ritz = SymmetricEigen.of(projected);
      }
      ChebyshevFilter better = better(restart, ritz);
      restart(ritz);
      from = kept;
      if (!better.equals(filter)) {
        filter = better;
        beginAgain();
        from = 0;
      }
    }
  }

  /** Fills the basis; returns what is left of the last product. */
  private DMatrixRMaj grow(int from, Progress progress) throws IOException {
    DMatrixRMaj rest = new DMatrixRMaj(WIDTH, WIDTH);
    for (int block = from; block < basis.length - 1; block++) {
      progress.checkCancelled();
      rest = extend(block);
    }
    return rest;
  }

  /**
   * Searches once more, from random directions beside what was found. Products of one block reach
   * no more equal eigenvalues than it has vectors; only rounding shows others.
   *
   * @param found closed if this throws
   * @return whether there are larger eigenvalues; the basis then has their vectors
   */
  private boolean missed(Eigenpairs found, SymmetricEigen ritz, Progress progress)
      throws IOException {
    try {
      restart(ritz);
      int from = options.count() / WIDTH;
      boolean[] fresh = new boolean[WIDTH];
      Arrays.fill(fresh, options.count() % WIDTH, WIDTH, true);
      basis[from].randomize(random, fresh);
      orthonormalize(from);
      for (int i = from * WIDTH; i < kept * WIDTH; i++) {
        projected.set(i, i, 0);
      }
      grow(from, progress);
      double[] values = values(SymmetricEigen.of(projected), options.count());
      double least = options.tolerance() * Math.abs(values[0]);
      return IntStream.range(0, values.length).anyMatch(i -> values[i] > found.values()[i] + least);
    } catch (IOException | RuntimeException | Error e) {
      found.close();
      throw e;
    }
  }

  private double[] values(SymmetricEigen ritz, int count) {
    return Arrays.stream(ritz.values()).limit(count).map(filter::eigenvalue).toArray();
  }

  /** The filter to go on with; the same as before unless another is much better. */
  private ChebyshevFilter better(int restart, SymmetricEigen ritz) {
    if (!filtered) {
      return ChebyshevFilter.NONE;
    }
    if (restart < PLAIN_RESTARTS) {
      return filter;
    }
    double largest = filter.eigenvalue(ritz.values()[0]);
    double cut = filter.eigenvalue(ritz.values()[(kept + CUT_BLOCKS) * WIDTH - 1]);
    if (!filter.lifts()) {
      double least = ritz.values()[ritz.values().length - 1];
      return cut < largest
          ? ChebyshevFilter.between(
              least - MARGIN * (largest - least), cut, largest, options.tolerance())
          : filter;
    }
    if (cut >= largest || cut - filter.cut() < MOVED * (largest - filter.cut())) {
      return filter;
    }
    return ChebyshevFilter.between(
        2 * filter.centre() - filter.cut(), cut, largest, options.tolerance());
  }

  /** Begins with a block that has all kept vectors in it. */
  private void beginAgain() {
    for (int block = 1; block < kept; block++) {
      basis[0].combine(1, 1, basis[block], 0, basis[block], options.threads());
    }
    projected.zero();
    orthonormalize(0);
  }

  /** What is returned; residuals that were translated are measured instead. */
  private Eigenpairs found(SymmetricEigen ritz, double[] values, double[] residuals)
      throws IOException {
    Tensor vectors = vectors(ritz);
    try {
      return new Eigenpairs(
          values, filter.lifts() ? measured(vectors, values) : residuals, vectors);
    } catch (IOException | RuntimeException | Error e) {
      vectors.close();
      throw e;
    }
  }

  /** |A v - lambda v|. */
  private double[] measured(Tensor vectors, double[] values) throws IOException {
    double[] residuals = new double[values.length];
    for (int first = 0; first < values.length; first += WIDTH) {
      spare[0].take(vectors, first);
      kernel.multiply(0, kernel.rows(), spare[0].values(), spare[1].values(), options.threads());
      int count = Math.min(WIDTH, values.length - first);
      double[] diagonal = new double[WIDTH * WIDTH];
      for (int i = 0; i < count; i++) {
        diagonal[i * WIDTH + i] = values[first + i];
      }
      spare[1].add(-1, spare[0], diagonal, options.threads());
      DMatrixRMaj squares = inner(spare[1], spare[1]);
      for (int i = 0; i < count; i++) {
        residuals[first + i] = Math.sqrt(Math.max(0, squares.get(i, i)));
      }
    }
    return residuals;
  }

  /**
   * Multiplies a block by the kernel or its filter, notes its projection, and leaves what is
   * orthogonal to the basis, of length 1, as the next block.
   *
   * @return what the next block was multiplied by to be that rest, {@code [16, 16]}
   */
  private DMatrixRMaj extend(int block) throws IOException {
    TallMatrix next = basis[block + 1];
    filter.multiply(kernel, basis[block], next, spare, options.threads());
    forget(block); // what its own rest has noted already is found again
    DMatrixRMaj rest = orthonormalize(block + 1, block);
    if (block + 1 < basis.length - 1) {
      project(block + 1, block, rest);
    }
    return rest;
  }

  private DMatrixRMaj inner(TallMatrix left, TallMatrix right) {
    return DMatrixRMaj.wrap(WIDTH, WIDTH, left.inner(right, options.threads()));
  }

  private void forget(int block) {
    for (int own = block * WIDTH; own < (block + 1) * WIDTH; own++) {
      for (int other = 0; other < projected.numRows; other++) {
        projected.set(own, other, 0);
        projected.set(other, own, 0);
      }
    }
  }

  /** Adds to the projection, and to its mirror image. */
  private void project(int i, int j, DMatrixRMaj part) {
    for (int row = 0; row < WIDTH; row++) {
      for (int column = 0; column < WIDTH; column++) {
        int r = i * WIDTH + row;
        int c = j * WIDTH + column;
        double value = part.get(row, column) + projected.get(r, c);
        projected.set(r, c, value);
        if (i != j) {
          projected.set(c, r, value);
        }
      }
    }
  }

  private DMatrixRMaj orthonormalize(int block) {
    return orthonormalize(block, NO_PRODUCT);
  }

  /**
   * Makes a block's columns orthogonal to the basis before it and to each other, and of length 1;
   * columns that hold nothing new become random directions. Each pass ends with vectors of length
   * 1, so that the next one takes away what rounding left in those that were short; a pass that
   * shortens none is the last (Giraud, Langou and Rozloznik, On the loss of orthogonality in the
   * Gram-Schmidt process, 2005).
   *
   * @param product the block that it is the kernel's product of, for the projection
   * @return R of the block's former value Q R and what the basis has of it
   */
  private DMatrixRMaj orthonormalize(int block, int product) {
    DMatrixRMaj rest = CommonOps_DDRM.identity(WIDTH);
    double[] lengths = new double[WIDTH];
    for (int pass = 0; pass < MOST_PASSES && !(pass > 1 && littleChanged(lengths)); pass++) {
      clear(block, product, rest);
      rest = CommonOps_DDRM.mult(normalize(basis[block], lengths), rest, null);
    }
    return rest;
  }

  private static boolean littleChanged(double[] lengths) {
    double longest = Arrays.stream(lengths).max().orElseThrow();
    return Arrays.stream(lengths).min().orElseThrow() > LITTLE_CHANGED * Math.max(1, longest);
  }

  private void clear(int block, int product, DMatrixRMaj rest) {
    for (int i = 0; i < block; i++) {
      DMatrixRMaj part = inner(basis[i], basis[block]);
      basis[block].add(-1, basis[i], part.data, options.threads());
      if (product != NO_PRODUCT) {
        project(i, product, CommonOps_DDRM.mult(part, rest, null));
      }
    }
  }

  /**
   * W = Q R with R = S^1/2 U^T from W^T W = U S U^T (Stathopoulos and Wu, SVQB, 2002). Columns that
   * hold nothing become random directions, not yet of length 1.
   *
   * @param lengths receives the singular values of W
   */
  private DMatrixRMaj normalize(TallMatrix block, double[] lengths) {
    SymmetricEigen gram = SymmetricEigen.of(inner(block, block));
    double longest = Math.sqrt(Math.max(0, gram.values()[0]));
    DMatrixRMaj inverse = new DMatrixRMaj(WIDTH, WIDTH);
    DMatrixRMaj factor = new DMatrixRMaj(WIDTH, WIDTH);
    boolean[] empty = new boolean[WIDTH];
    for (int column = 0; column < WIDTH; column++) {
      lengths[column] = Math.sqrt(Math.max(0, gram.values()[column]));
      empty[column] = !(lengths[column] > LEAST_LENGTH * Math.max(longest, LEAST_LENGTH));
      for (int row = 0; row < WIDTH && !empty[column]; row++) {
        inverse.set(row, column, gram.vectors().get(row, column) / lengths[column]);
        factor.set(column, row, gram.vectors().get(row, column) * lengths[column]);
      }
    }
    block.multiply(inverse.data, options.threads());
    block.randomize(random, empty);
    return factor;
  }

  /**
   * |A v - lambda v| of the leading Ritz pairs, or what bounds it: the length of what the last
   * product left of v.
   */
  private double[] residuals(SymmetricEigen ritz, double[] values, DMatrixRMaj rest) {
    int rows = projected.numRows;
    DMatrixRMaj left =
        CommonOps_DDRM.mult(
            rest,
            CommonOps_DDRM.extract(ritz.vectors(), rows - WIDTH, rows, 0, options.count()),
            null);
    CommonOps_DDRM.elementPower(left, 2, left);
    DMatrixRMaj squares = CommonOps_DDRM.sumCols(left, null);
    double[] residuals = new double[values.length];
    for (int i = 0; i < residuals.length; i++) {
      residuals[i] = Math.sqrt(squares.data[i]) * filter.residualBound(values[i]);
    }
    return residuals;
  }

  private int good(double[] values, double[] residuals) {
    double most = options.tolerance() * Math.abs(values[0]);
    return (int) Arrays.stream(residuals).filter(r -> r <= most).count();
  }

  /** The wanted Ritz vectors in the kernel's own space. */
  private Tensor vectors(SymmetricEigen ritz) {
    Tensor vectors = Tensor.allocate(DType.F32, kernel.rows(), options.count());
    try (Rotation rotation = new Rotation(basis, ritz.vectors(), options.count())) {
      rotation.forEachPiece(
          options.threads(),
          (first, piece) ->
              vectors.slice(first, piece.size(0)).segment().copyFrom(piece.segment()));
      return vectors;
    } catch (RuntimeException | Error e) {
      vectors.close();
      throw e;
    }
  }

  /** The leading Ritz vectors become the basis, and the last block the next to be multiplied. */
  private void restart(SymmetricEigen ritz) {
    try (Rotation rotation = new Rotation(basis, ritz.vectors(), kept * WIDTH)) {
      rotation.forEachPiece(options.threads(), this::store);
    }
    TallMatrix last = basis[basis.length - 1];
    basis[basis.length - 1] = basis[kept];
    basis[kept] = last;
    projected.zero();
    for (int i = 0; i < kept * WIDTH; i++) {
      projected.set(i, i, ritz.values()[i]);
    }
  }

  private void store(long first, Tensor piece) {
    long columns = piece.size(1);
    for (int block = 0; block < kept; block++) {
      Tensor target = basis[block].values();
      for (long row = 0; row < piece.size(0); row++) {
        target
            .slice(first + row, 1)
            .segment()
            .copyFrom(
                piece
                    .segment()
                    .asSlice(
                        (row * columns + (long) block * WIDTH) * Float.BYTES,
                        (long) WIDTH * Float.BYTES));
      }
    }
  }

  @Override
  public void close() {
    Closing.all(Stream.of(basis, spare).flatMap(Arrays::stream).toList(), TallMatrix::close);
  }
}
