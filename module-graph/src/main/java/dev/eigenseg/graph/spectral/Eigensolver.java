package dev.eigenseg.graph.spectral;

import dev.eigenseg.api.BadInputException;
import dev.eigenseg.api.Progress;
import dev.eigenseg.graph.kernel.NormalizedAdjacency;
import java.io.IOException;

/**
 * Finds the leading eigenpairs of a kernel: those that psi learns to approximate. Small kernels are
 * decomposed as a whole by EJML; others by block Lanczos with full reorthogonalisation and thick
 * restarts (Wu and Simon 2000), which reads the kernel only through its products.
 */
public final class Eigensolver {
  private Eigensolver() {}

  /**
   * The eigenpairs with the largest eigenvalues.
   *
   * @param kernel borrowed
   * @param progress counts good eigenpairs
   * @return to be closed by the caller; with equal seeds the same bytes at any number of threads
   * @throws BadInputException if more pairs are wanted than the kernel has rows
   * @throws dev.eigenseg.api.CancelledException if the user wants the work to stop
   * @throws IOException if a temporary file of the kernel cannot be read
   */
  public static Eigenpairs leading(
      NormalizedAdjacency kernel, EigenOptions options, Progress progress) throws IOException {
    if (options.count() > kernel.rows()) {
      throw new BadInputException(
          "%d eigenvectors of a kernel of %d patches: ask for fewer, or add images"
              .formatted(options.count(), kernel.rows()));
    }
    return kernel.rows() <= smallestForLanczos(options.count())
        ? DenseEigensolver.leading(kernel, options)
        : BlockLanczos.leading(kernel, options, progress);
  }

  /**
   * Bytes outside the heap for so many rows, beside the kernel and the result: the basis that the
   * search keeps.
   */
  public static long memory(long rows, int count) {
    return rows <= smallestForLanczos(count)
        ? 3 * Double.BYTES * rows * rows
        : BlockLanczos.memory(rows, count);
  }

  /** Below, the basis would be a good part of the whole space. */
  private static long smallestForLanczos(int count) {
    return Math.max(256, 2L * BlockLanczos.basisBlocks(count) * TallMatrix.WIDTH);
  }
}
