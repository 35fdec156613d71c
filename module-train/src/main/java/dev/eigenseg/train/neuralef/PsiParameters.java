package dev.eigenseg.train.neuralef;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import dev.eigenseg.api.tensor.DType;
import dev.eigenseg.api.tensor.Tensor;
import dev.eigenseg.infer.PsiConfig;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.SequencedMap;
import java.util.function.Function;
import java.util.random.RandomGenerator;

/**
 * Owns psi's weights. They never require gradients themselves: a step differentiates with respect
 * to {@link #leaves}, which share the values and die with the step, so that neither gradients nor
 * graphs outlive it.
 */
public final class PsiParameters implements AutoCloseable {
  /** The head's matrix, kept semi-orthogonal. */
  public static final String HEAD = "head.weight";

  private final NDManager manager;
  private final SequencedMap<String, NDArray> values = new LinkedHashMap<>();

  private PsiParameters(NDManager parent) {
    manager = parent.newSubManager();
  }

  /**
   * Fresh weights: linear layers uniform in +-1/sqrt(inputs), weights and biases alike, norms 1 and
   * 0, the head a random semi-orthogonal matrix.
   */
  public static PsiParameters random(NDManager parent, PsiConfig config, RandomGenerator random) {
    PsiParameters parameters = new PsiParameters(parent);
    double bound = 0;
    for (Map.Entry<String, long[]> entry : config.weightShapes().entrySet()) {
      String name = entry.getKey();
      long[] shape = entry.getValue();
      if (shape.length == 2) {
        bound = 1 / Math.sqrt(shape[1]); // a bias follows its weight and has the same bound
      }
      float[] values =
          new float[Math.toIntExact(shape.length == 2 ? shape[0] * shape[1] : shape[0])];
      if (name.equals(HEAD)) {
        OrthogonalHead.random(Math.toIntExact(shape[0]), Math.toIntExact(shape[1]), random, values);
      } else {
        fill(values, name, bound, random);
      }
      try (Tensor initial = Tensor.of(values, shape)) {
        parameters.put(name, initial);
      }
    }
    return parameters;
  }

  private static void fill(float[] values, String name, double bound, RandomGenerator random) {
    boolean isNorm = name.startsWith("norm") || name.contains(".norm");
    for (int i = 0; i < values.length; i++) {
      if (isNorm) {
        values[i] = name.endsWith(".weight") ? 1 : 0;
      } else {
        values[i] = (float) random.nextDouble(-bound, bound);
      }
    }
  }

  /** Copies of given weights. */
  public static PsiParameters copyOf(
      NDManager parent, PsiConfig config, Function<String, Tensor> source) {
    PsiParameters parameters = new PsiParameters(parent);
    for (String name : config.weightShapes().keySet()) {
      parameters.put(name, source.apply(name));
    }
    return parameters;
  }

  /** Zeros of the same names and shapes, for the optimiser's moments. */
  static PsiParameters zeros(NDManager parent, PsiConfig config) {
    PsiParameters parameters = new PsiParameters(parent);
    config
        .weightShapes()
        .forEach((name, shape) -> {
          try (Tensor zeros = Tensor.allocate(DType.F32, shape)) {
            parameters.put(name, zeros);
          }
        });
    return parameters;
  }

  private void put(String name, Tensor value) {
    values.put(name, Torch.place(manager, value));
  }

  /** The weights as differentiable leaves of a step's scope. */
  public SequencedMap<String, NDArray> leaves(NDManager scope) {
    SequencedMap<String, NDArray> leaves = views(scope);
    leaves.values().forEach(leaf -> leaf.setRequiresGradient(true));
    return leaves;
  }

  /** The weights in a scope, without gradients. */
  public SequencedMap<String, NDArray> views(NDManager scope) {
    SequencedMap<String, NDArray> views = new LinkedHashMap<>();
    values.forEach((name, value) -> views.put(name, Torch.view(scope, value)));
    return views;
  }

  /**
   * Adds copies in off-heap tensors.
   *
   * @param tensors owned by the caller, what was added before a failure too
   */
  public void export(String prefix, Map<String, Tensor> tensors) {
    values.forEach((name, value) ->
        tensors.put(prefix + name, Torch.copy(value, value.getShape().getShape())));
  }

  /** Arrays that are alive in this object's scope; constant over steps unless something leaks. */
  public int managedArrays() {
    return manager.getManagedArrays().size();
  }

  @Override
  public void close() {
    manager.close();
  }
}
