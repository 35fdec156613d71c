package dev.eigenseg.train;

import ai.djl.engine.Engine;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDArrays;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.training.GradientCollector;
import dev.eigenseg.api.internal.resource.Closing;
import dev.eigenseg.api.tensor.DType;
import dev.eigenseg.api.tensor.Tensor;
import dev.eigenseg.infer.PsiConfig;
import dev.eigenseg.train.neuralef.Adam;
import dev.eigenseg.train.neuralef.Objective;
import dev.eigenseg.train.neuralef.Outputs;
import dev.eigenseg.train.neuralef.Psi;
import dev.eigenseg.train.neuralef.PsiParameters;
import dev.eigenseg.train.neuralef.Streams;
import dev.eigenseg.train.neuralef.Torch;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.BitSet;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.SequencedMap;
import java.util.function.Consumer;
import java.util.function.Function;

/** Owns psi's weights and the optimiser on one device, and makes updates. Not thread-safe. */
final class PsiLearner implements AutoCloseable {
  // The engine allows one collector of gradients in a process.
  private static final Object ONE_COLLECTOR = new Object();

  private final Engine engine;
  private final PsiConfig config;
  private final TrainingOptions options;
  private final NDManager manager;
  private final PsiParameters weights;
  private final Adam adam;
  private final Objective objective;

  private PsiLearner(
      Engine engine,
      PsiConfig config,
      TrainingOptions options,
      Function<NDManager, PsiParameters> weights,
      Function<NDManager, Adam> adam) {
    this.engine = engine;
    this.config = config;
    this.options = options;
    this.objective = new Objective(options.objective().t(), options.effectiveBeta());
    this.manager = engine.newBaseManager(Torch.device(options.run().device()));
    try {
      this.weights = weights.apply(manager);
      this.adam = adam.apply(manager);
    } catch (RuntimeException | Error e) {
      manager.close();
      throw e;
    }
  }

  /** Random weights. */
  static PsiLearner fresh(PsiConfig config, TrainingOptions options) {
    return new PsiLearner(
        Torch.engine(options.run().threads()),
        config,
        options,
        manager ->
            PsiParameters.random(
                manager, config, Streams.stream(options.run().seed(), Streams.Purpose.WEIGHTS, 0)),
        manager -> Adam.zeros(manager, config));
  }

  /** The weights and moments that {@link #export} gave. */
  static PsiLearner restore(
      PsiConfig config, TrainingOptions options, Function<String, Tensor> tensors) {
    return new PsiLearner(
        Torch.engine(options.run().threads()),
        config,
        options,
        manager -> PsiParameters.copyOf(manager, config, name -> tensors.apply("psi." + name)),
        manager -> Adam.copyOf(manager, config, tensors));
  }

  /**
   * Copies of the weights, prefixed with {@code "psi."}, and of the moments; the caller owns them.
   */
  SequencedMap<String, Tensor> export() {
    return copies(tensors -> {
      weights.export("psi.", tensors);
      adam.export(tensors);
    });
  }

  /** Copies of the weights, which the caller owns. */
  SequencedMap<String, Tensor> weights() {
    return copies(tensors -> weights.export("", tensors));
  }

  private static SequencedMap<String, Tensor> copies(Consumer<Map<String, Tensor>> copying) {
    SequencedMap<String, Tensor> tensors = new LinkedHashMap<>();
    try {
      copying.accept(tensors);
      return tensors;
    } catch (RuntimeException | Error e) {
      Closing.after(e, tensors.values());
      throw e;
    }
  }

  /** Wall nanoseconds of one update's parts. */
  record Times(long forward, long kernel, long backward, long optimizer) {}

  /**
   * One update's numbers.
   *
   * @param finite whether losses and gradients are; if not, nothing was changed
   */
  record Outcome(double loss, double regularizer, boolean finite, Times times) {}

  /**
   * One update of the weights.
   *
   * @param update from 1
   * @param used receives the clusters that are the largest output of a patch
   */
  Outcome update(
      Batch batch,
      StepKernel kernel,
      long update,
      double temperature,
      double learningRate,
      BitSet used)
      throws IOException {
    synchronized (ONE_COLLECTOR) {
      try (Tensor uniform = Tensor.allocate(DType.F32, batch.rows(), config.clusters());
          Tensor products = Tensor.allocate(DType.F32, batch.rows(), config.clusters());
          NDManager scope = manager.newSubManager();
          GradientCollector collector = engine.newGradientCollector()) {
        long start = System.nanoTime();
        Map<String, NDArray> leaves = weights.leaves(scope);
        NDArray logits = logits(scope, leaves, batch);
        NDArray soft = Outputs.gumbelSoftmax(logits, noise(scope, uniform, update), temperature);
        NDArray outputs = Outputs.normalizeColumns(soft);
        MemorySegment values = Torch.bytes(outputs);
        long forward = System.nanoTime();

        kernel.multiply(
            batch, Tensor.borrow(values, DType.F32, batch.rows(), config.clusters()), products);
        NDArray right = Torch.share(scope, products.segment(), products.shape());
        long product = System.nanoTime();

        Objective.Terms terms = objective.terms(outputs, right);
        NDArray surrogate = terms.surrogate();
        if (options.objective().balance() > 0) {
          surrogate = surrogate.add(Objective.negativeEntropy(soft, options.objective().balance()));
        }
        collector.backward(surrogate);
        Map<String, NDArray> gradients = new LinkedHashMap<>();
        leaves.forEach((name, leaf) -> gradients.put(name, leaf.getGradient()));
        double loss = terms.loss().getFloat();
        double regularizer = terms.regularizer().getFloat();
        boolean finite =
            Double.isFinite(loss)
                && Double.isFinite(regularizer)
                && Torch.allFinite(gradients.values());
        long backward = System.nanoTime();

        if (finite) {
          adam.update(scope, weights, gradients, update, learningRate);
          kernel.remember(batch, Torch.bytes(Outputs.softmax(logits, temperature)), update);
          largest(Torch.bytes(logits), batch.rows(), used);
        }
        Times times =
            new Times(
                forward - start,
                product - forward,
                backward - product,
                System.nanoTime() - backward);
        return new Outcome(loss, regularizer, finite, times);
      }
    }
  }

  private NDArray noise(NDManager scope, Tensor uniform, long update) {
    Streams.fillUniform(
        Streams.stream(options.run().seed(), Streams.Purpose.NOISE, update),
        uniform.segment(),
        uniform.size());
    return Outputs.gumbel(Torch.share(scope, uniform.segment(), uniform.shape()));
  }

  private NDArray logits(NDManager scope, Map<String, NDArray> values, Batch batch) {
    Psi psi = new Psi(config, values);
    NDList parts = new NDList();
    for (Batch.Group group : batch.groups()) {
      Tensor rows = batch.input().slice(group.firstRow(), (long) group.images() * group.patches());
      NDArray input =
          Torch.share(scope, rows.segment(), group.images(), group.patches(), config.inputDim());
      parts.add(psi.head(psi.hidden(input)).reshape(-1, config.clusters()));
    }
    return parts.size() == 1 ? parts.head() : NDArrays.concat(parts, 0);
  }

  /** Calls back with softmax(logits) of a batch, without noise and at temperature 1. */
  void outputs(Batch batch, Consumer<MemorySegment> consumer) {
    try (NDManager scope = manager.newSubManager()) {
      NDArray logits = logits(scope, weights.views(scope), batch);
      consumer.accept(Torch.bytes(Outputs.softmax(logits, 1)));
    }
  }

  private void largest(MemorySegment logits, long rows, BitSet used) {
    int clusters = config.clusters();
    for (long row = 0; row < rows; row++) {
      int best = 0;
      float most = Float.NEGATIVE_INFINITY;
      for (int column = 0; column < clusters; column++) {
        float value = logits.getAtIndex(ValueLayout.JAVA_FLOAT_UNALIGNED, row * clusters + column);
        if (value > most) {
          most = value;
          best = column;
        }
      }
      used.set(best);
    }
  }

  /** Tensors of the engine that live in this object's scopes; constant over updates. */
  int managedArrays() {
    return manager.getManagedArrays().size() + weights.managedArrays() + adam.managedArrays();
  }

  @Override
  public void close() {
    try (manager;
        weights;
        adam) {
      // All are closed, even if one fails.
    }
  }
}
