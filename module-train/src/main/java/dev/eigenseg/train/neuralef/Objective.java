package dev.eigenseg.train.neuralef;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;

/**
 * The NeuralEF objective on outputs P (B x K) and the kernel's product with outputs, M (B x K),
 * which is constant to the differentiation:
 *
 * <pre>
 * loss        = -t tr(P^T M) / K
 * regulariser = beta t^2 / K * sum_{i<j} (M_i . P_j)^2
 * </pre>
 *
 * With M = kappa P (in-batch) the gradient of the quadratic form is twice that of its right side,
 * because kappa is symmetric; with M from remembered outputs (cross-batch) the missing half is the
 * stale side's. So the differentiated scalar counts the loss twice in both modes. In the
 * regulariser the left side is meant to be constant: column j yields to the columns before it.
 */
public final class Objective {
  private final double t;
  private final double beta;
  private final boolean stopGradient;

  /** The published objective. */
  public Objective(double t, double beta) {
    this(t, beta, true);
  }

  /**
   * Without {@code stopGradient}, columns before j yield to column j as well: for comparison with
   * the reference only.
   */
  Objective(double t, double beta, boolean stopGradient) {
    this.t = t;
    this.beta = beta;
    this.stopGradient = stopGradient;
  }

  /**
   * The two terms, all scalars.
   *
   * @param loss the value of the loss
   * @param regularizer the value of the regulariser
   * @param lossSurrogate something whose gradient with respect to P is that of the loss
   * @param regularizerSurrogate likewise of the regulariser
   */
  public record Terms(
      NDArray loss, NDArray regularizer, NDArray lossSurrogate, NDArray regularizerSurrogate) {
    /** The scalar to differentiate. */
    public NDArray surrogate() {
      return lossSurrogate.add(regularizerSurrogate);
    }
  }

  /**
   * The objective's terms, in the scope of P.
   *
   * @param outputs P, {@code [B, K]}
   * @param products M, {@code [B, K]}, without gradient
   */
  public Terms terms(NDArray outputs, NDArray products) {
    NDManager scope = outputs.getManager();
    long k = outputs.getShape().get(1);
    NDArray crossed = products.transpose().matMul(outputs);
    NDArray loss = outputs.mul(products).sum().mul(Torch.number(scope, -t / k));
    NDArray squares = crossed.square();
    NDArray ordered = squares.mul(mask(scope, Math.toIntExact(k), false)).sum();
    NDArray weight = Torch.number(scope, beta * t * t / k);
    NDArray regularizer = ordered.mul(weight);
    NDArray differentiated =
        stopGradient
            ? regularizer
            : squares.mul(mask(scope, Math.toIntExact(k), true)).sum().mul(weight);
    return new Terms(loss, regularizer, loss.mul(Torch.number(scope, 2)), differentiated);
  }

  /**
   * weight * sum_j m_j log m_j over the batch's mean assignment m: least when all clusters are used
   * alike. Not part of the published objective.
   *
   * @param assignments softmax outputs before any normalisation, {@code [B, K]}
   */
  public static NDArray negativeEntropy(NDArray assignments, double weight) {
    NDManager scope = assignments.getManager();
    NDArray mean = assignments.mean(new int[] {0});
    return mean.mul(mean.add(Torch.number(scope, 1e-12)).log())
        .sum()
        .mul(Torch.number(scope, weight));
  }

  private static NDArray mask(NDManager manager, int k, boolean bothSides) {
    float[] mask = new float[k * k];
    for (int i = 0; i < k; i++) {
      for (int j = 0; j < k; j++) {
        mask[i * k + j] = i < j || (bothSides && i > j) ? 1 : 0;
      }
    }
    return manager.create(mask, new Shape(k, k));
  }
}
