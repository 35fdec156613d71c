package dev.eigenseg.train.neuralef;

import ai.djl.ndarray.NDArray;

/**
 * The outputs of psi in training. Pure functions; results live in the scope of their first
 * argument.
 */
public final class Outputs {
  private Outputs() {}

  /** Soft Gumbel-Softmax, softmax((logits + noise) / temperature) over the last axis. */
  public static NDArray gumbelSoftmax(NDArray logits, NDArray noise, double temperature) {
    return softmax(logits.add(noise), temperature);
  }

  /** softmax(logits / temperature) over the last axis. */
  public static NDArray softmax(NDArray logits, double temperature) {
    return logits
        .div(Torch.number(logits.getManager(), temperature))
        .softmax(logits.getShape().dimension() - 1);
  }

  /** Gumbel noise -log(-log u) from uniform numbers strictly between 0 and 1. */
  public static NDArray gumbel(NDArray uniform) {
    return uniform.log().neg().log().neg();
  }

  /** The columns' L2 norms clamped to at least 1, as {@code [1, columns]}. */
  static NDArray clampedColumnNorms(NDArray matrix) {
    // Clamped before the root: the same value, and no infinite slope where a column is all zero.
    NDArray one = Torch.number(matrix.getManager(), 1);
    return matrix.square().sum(new int[] {0}, true).maximum(one).sqrt();
  }

  /** Each column divided by max(1, its L2 norm); the norm is differentiated through. */
  public static NDArray normalizeColumns(NDArray matrix) {
    return matrix.div(clampedColumnNorms(matrix));
  }
}
