package dev.eigenseg.train.neuralef;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import java.util.random.RandomGenerator;

/**
 * Keeps the head's matrix W (K x hidden) semi-orthogonal: W W^T = I for K at most hidden, W^T W = I
 * above.
 */
final class OrthogonalHead {
  // The error is squared by each: after an update of size 1e-3, three leave nothing but rounding
  // (5e-7).
  private static final int ITERATIONS = 3;

  private OrthogonalHead() {}

  /**
   * Pulls a matrix that is nearly semi-orthogonal back in place by Newton-Schulz steps, W <- 1.5 W
   * - 0.5 W W^T W.
   */
  static void retract(NDManager scope, NDArray head) {
    boolean wide = head.getShape().get(0) <= head.getShape().get(1);
    for (int i = 0; i < ITERATIONS; i++) {
      try (NDManager inner = scope.newSubManager()) {
        NDArray w = Torch.view(inner, head);
        NDArray transposed = w.transpose();
        // Both orders give W W^T W; the shorter side makes the smaller square.
        NDArray cubed = wide ? w.matMul(transposed).matMul(w) : w.matMul(transposed.matMul(w));
        w.muli(1.5).subi(cubed.muli(0.5));
      }
    }
  }

  /**
   * A random semi-orthogonal matrix: Gaussian vectors along the shorter side, orthogonalised one
   * after the other.
   */
  static void random(int rows, int columns, RandomGenerator random, float[] target) {
    int count = Math.min(rows, columns);
    int length = Math.max(rows, columns);
    double[][] basis = new double[count][length];
    for (int i = 0; i < count; i++) {
      for (int j = 0; j < length; j++) {
        basis[i][j] = random.nextGaussian();
      }
      // Twice: one pass of Gram-Schmidt loses orthogonality where the last vectors have little left
      // (rows = columns).
      for (int pass = 0; pass < 2; pass++) {
        for (int earlier = 0; earlier < i; earlier++) {
          subtract(basis[i], dot(basis[i], basis[earlier]), basis[earlier]);
        }
        subtract(basis[i], 1 - 1 / Math.sqrt(dot(basis[i], basis[i])), basis[i]);
      }
    }
    for (int row = 0; row < rows; row++) {
      for (int column = 0; column < columns; column++) {
        target[row * columns + column] =
            (float) (rows <= columns ? basis[row][column] : basis[column][row]);
      }
    }
  }

  private static double dot(double[] a, double[] b) {
    double sum = 0;
    for (int i = 0; i < a.length; i++) {
      sum += a[i] * b[i];
    }
    return sum;
  }

  private static void subtract(double[] a, double factor, double[] b) {
    for (int i = 0; i < a.length; i++) {
      a[i] -= factor * b[i];
    }
  }
}
