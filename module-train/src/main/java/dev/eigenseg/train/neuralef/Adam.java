package dev.eigenseg.train.neuralef;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import dev.eigenseg.api.tensor.Tensor;
import dev.eigenseg.infer.PsiConfig;
import java.util.Map;
import java.util.function.Function;

/**
 * Owns the moments of Adam (Kingma and Ba 2015, algorithm 1) over psi's weights; no weight decay.
 */
public final class Adam implements AutoCloseable {
  private static final double BETA1 = 0.9;
  private static final double BETA2 = 0.999;
  private static final double EPS = 1e-8;
  private static final String FIRST = "adam.first.";
  private static final String SECOND = "adam.second.";

  private final PsiParameters first;
  private final PsiParameters second;

  private Adam(PsiParameters first, PsiParameters second) {
    this.first = first;
    this.second = second;
  }

  /** Moments of zero. */
  public static Adam zeros(NDManager parent, PsiConfig config) {
    return new Adam(PsiParameters.zeros(parent, config), PsiParameters.zeros(parent, config));
  }

  /** The moments of {@link #export}. */
  public static Adam copyOf(NDManager parent, PsiConfig config, Function<String, Tensor> source) {
    return new Adam(
        PsiParameters.copyOf(parent, config, name -> source.apply(FIRST + name)),
        PsiParameters.copyOf(parent, config, name -> source.apply(SECOND + name)));
  }

  /** Adds copies of the moments, as {@link PsiParameters#export}. */
  public void export(Map<String, Tensor> tensors) {
    first.export(FIRST, tensors);
    second.export(SECOND, tensors);
  }

  /**
   * One update in place; the head is pulled back to a semi-orthogonal matrix afterwards.
   *
   * @param gradients of all weights, by name
   * @param update from 1
   */
  public void update(
      NDManager scope,
      PsiParameters weights,
      Map<String, NDArray> gradients,
      long update,
      double learningRate) {
    Map<String, NDArray> values = weights.views(scope);
    Map<String, NDArray> means = first.views(scope);
    Map<String, NDArray> variances = second.views(scope);
    values.forEach((name, value) ->
        update(
            value,
            means.get(name),
            variances.get(name),
            gradients.get(name),
            update,
            learningRate));
    OrthogonalHead.retract(scope, values.get(PsiParameters.HEAD));
  }

  /** One update of one tensor and its moments, in place; temporaries live in their scope. */
  static void update(
      NDArray value,
      NDArray mean,
      NDArray variance,
      NDArray gradient,
      long update,
      double learningRate) {
    mean.muli(BETA1).addi(gradient.mul(1 - BETA1));
    variance.muli(BETA2).addi(gradient.square().muli(1 - BETA2));
    NDArray divisor = variance.sqrt().muli(1 / Math.sqrt(1 - Math.pow(BETA2, update))).addi(EPS);
    value.subi(mean.div(divisor).muli(learningRate / (1 - Math.pow(BETA1, update))));
  }

  /** Arrays alive in the moments' scopes. */
  public int managedArrays() {
    return first.managedArrays() + second.managedArrays();
  }

  @Override
  public void close() {
    try (first;
        second) {
      // Both are closed, even if one fails.
    }
  }
}
