package dev.eigenseg.train.neuralef;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDArrays;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.core.Linear;
import ai.djl.training.GradientCollector;
import dev.eigenseg.api.ImageGeometry;
import dev.eigenseg.api.Segmentation;
import dev.eigenseg.api.tensor.DType;
import dev.eigenseg.api.tensor.Tensor;
import dev.eigenseg.graph.kernel.NormalizedAdjacency;
import dev.eigenseg.infer.PsiConfig;
import dev.eigenseg.infer.segment.Upsampler;
import dev.eigenseg.train.vit.TorchVit;
import java.io.IOException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * The whole chain against the published code: backbone, psi, masks, losses, gradients and Adam.
 *
 * <p>Two parts of the published code are not ours and stand in the tests: the supervised online
 * head with its cross entropy, which no part of psi learns from, and {@link HouseholderHead}, the
 * raw parameters behind its orthogonal head. With our own retraction all numbers would be the same
 * up to the first update, and after it all that do not depend on the head.
 */
class SegmenterGoldenTest {
  private static final String ONLINE = "online_head";
  private static final String RAW = "head.parametrizations.weight.original";
  private static final double LEARNING_RATE = 1e-3;

  static List<Path> cases() {
    return SegmenterFixture.cases();
  }

  private static NDArray input(TorchVit.Levels levels) {
    return NDArrays.concat(new NDList(levels.low(), levels.mid(), levels.high()), 2);
  }

  private static NDArray logits(SegmenterFixture fixture, NDManager scope) {
    Map<String, NDArray> weights = new LinkedHashMap<>();
    for (String name : fixture.psi().weightShapes().keySet()) {
      String stored = name.equals(PsiParameters.HEAD) ? "head.weight_effective" : name;
      weights.put(name, Torch.place(scope, fixture.weights().tensor("psi." + stored)));
    }
    Psi psi = new Psi(fixture.psi(), weights);
    return psi.head(psi.hidden(input(fixture.levels(scope))));
  }

  @ParameterizedTest
  @MethodSource("cases")
  void masksAreThePublishedOnes(Path folder) throws IOException {
    try (SegmenterFixture fixture = SegmenterFixture.open(folder);
        NDManager scope = Torch.engine().newBaseManager()) {
      NDArray logits = logits(fixture, scope);
      double divisor = fixture.json().getAsJsonObject("config").get("tau_min").getAsDouble();
      NDArray masks = fixture.upsampling(scope).matMul(logits.div(divisor)).transpose(0, 2, 1);
      Tensor expected = fixture.tensors().tensor("eval.masks");
      Golden.assertClose("eval.masks", expected, masks, fixture.tolerance("masks_abs"));

      PsiConfig psi = fixture.psi();
      for (int image = 0; image < fixture.count(); image++) {
        try (Tensor rows = Torch.copy(logits.get(image), fixture.patches(), psi.clusters())) {
          Segmentation found =
              Upsampler.argmax(
                  rows,
                  fixture.rows(),
                  fixture.columns(),
                  new ImageGeometry(Optional.empty(), fixture.patchSize()),
                  fixture.width(),
                  fixture.height(),
                  Optional.empty(),
                  2);
          assertLargest(
              found, expected.slice(image, 1).toFloats(), 2 * fixture.tolerance("masks_abs"));
        }
      }
    }
  }

  /** No cluster of a pixel exceeds the one that was chosen by more than the tolerance. */
  private static void assertLargest(Segmentation found, float[] masks, double tolerance) {
    int pixels = found.width() * found.height();
    for (int pixel = 0; pixel < pixels; pixel++) {
      int chosen = found.clusterAt(pixel % found.width(), pixel / found.width());
      for (int other = 0; other < masks.length / pixels; other++) {
        double excess = (double) masks[other * pixels + pixel] - masks[chosen * pixels + pixel];
        assertTrue(excess <= tolerance, "pixel %d: %g".formatted(pixel, excess));
      }
    }
  }

  @ParameterizedTest
  @MethodSource("cases")
  void trainingIsThePublishedOne(Path folder) throws IOException {
    try (SegmenterFixture fixture = SegmenterFixture.open(folder);
        NDManager manager = Torch.engine().newBaseManager();
        Training training = new Training(fixture, manager)) {
      Tensor trace = fixture.tensors().tensor("adam.trace");
      int steps = Math.toIntExact(trace.size(0));
      assertTrue(steps > 1);
      for (int step = 0; step < steps; step++) {
        training.step(step + 1);
      }
      Golden.assertGradient(
          "head after Adam",
          fixture.tensors().tensor("adam.head_weight_effective_after"),
          training.head(manager),
          fixture.tolerance("adam_trace_rel"));
    }
  }

  /** The published training of psi and of the online head on one batch. Owns the batch's kernel. */
  private static final class Training implements AutoCloseable {
    private final SegmenterFixture fixture;
    private final NDArray input;
    private final NormalizedAdjacency kernel;
    private final NDArray upsampling;
    private final NDArray labels;
    private final HouseholderHead householder;
    private final Map<String, NDArray> values = new LinkedHashMap<>();
    private final Map<String, NDArray> means = new LinkedHashMap<>();
    private final Map<String, NDArray> variances = new LinkedHashMap<>();

    Training(SegmenterFixture fixture, NDManager manager) throws IOException {
      this.fixture = fixture;
      TorchVit.Levels levels = fixture.levels(manager);
      input = input(levels);
      long patches = (long) fixture.count() * fixture.patches();
      try (Tensor high = Torch.copy(levels.high(), patches, fixture.psi().high())) {
        kernel = fixture.kernel(high);
      }
      upsampling = fixture.upsampling(manager);
      labels = fixture.labels(manager);
      householder =
          new HouseholderHead(
              fixture.psi().clusters(),
              fixture.psi().hidden(),
              fixture.weights().tensor("psi.head.parametrizations.weight.0.base").toFloats());
      for (String name : fixture.psi().weightShapes().keySet()) {
        put(manager, name.equals(PsiParameters.HEAD) ? RAW : name, "psi.");
      }
      put(manager, ONLINE + ".weight", "");
      put(manager, ONLINE + ".bias", "");
    }

    private void put(NDManager manager, String name, String prefix) {
      NDArray value = Torch.place(manager, fixture.weights().tensor(prefix + name));
      values.put(name, value);
      means.put(name, value.zerosLike());
      variances.put(name, value.zerosLike());
    }

    NDArray head(NDManager scope) {
      return scope.create(
          householder.effective(values.get(RAW).toFloatArray()),
          new Shape(fixture.psi().clusters(), fixture.psi().hidden()));
    }

    /** Computes, compares, updates. */
    void step(int update) throws IOException {
      long rows = (long) fixture.count() * fixture.patches();
      long clusters = fixture.psi().clusters();
      try (NDManager scope = input.getManager().newSubManager();
          Tensor products = Tensor.allocate(DType.F32, rows, clusters);
          GradientCollector collector = Torch.engine().newGradientCollector()) {
        Map<String, NDArray> leaves = leaves(scope);
        Psi psi = new Psi(fixture.psi(), leaves);
        NDArray hidden = psi.hidden(Torch.view(scope, input));
        NDArray outputs =
            Outputs.normalizeColumns(Outputs.softmax(psi.head(hidden).reshape(rows, clusters), 1));
        kernel.multiply(
            0, rows, Tensor.borrow(Torch.bytes(outputs), DType.F32, rows, clusters), products, 2);
        Objective.Terms terms =
            fixture
                .objective()
                .terms(outputs, Torch.share(scope, products.segment(), products.shape()));
        NDArray masks = onlineMasks(scope, Torch.view(scope, hidden), leaves);
        NDArray crossEntropy = crossEntropy(scope, masks);
        compare(update, crossEntropy, terms);
        collector.backward(terms.surrogate().add(crossEntropy));
        Map<String, NDArray> gradients = gradients(scope, leaves);
        if (update == 1) {
          Golden.assertClose(
              "train.masks",
              fixture.tensors().tensor("train.masks"),
              masks.transpose(0, 2, 1),
              fixture.tolerance("masks_abs"));
          compare(gradients);
        }
        values.forEach((name, value) ->
            Adam.update(
                Torch.view(scope, value),
                Torch.view(scope, means.get(name)),
                Torch.view(scope, variances.get(name)),
                gradients.get(name),
                update,
                LEARNING_RATE));
      }
    }

    /** The weights as psi and the online head apply them. */
    private Map<String, NDArray> leaves(NDManager scope) {
      Map<String, NDArray> leaves = new LinkedHashMap<>();
      values.forEach((name, value) -> {
        boolean raw = name.equals(RAW);
        leaves.put(raw ? PsiParameters.HEAD : name, raw ? head(scope) : Torch.view(scope, value));
      });
      leaves.values().forEach(leaf -> leaf.setRequiresGradient(true));
      return leaves;
    }

    private NDArray onlineMasks(NDManager scope, NDArray hidden, Map<String, NDArray> leaves) {
      NDArray logits =
          Linear.linear(hidden, leaves.get(ONLINE + ".weight"), leaves.get(ONLINE + ".bias"))
              .singletonOrThrow();
      return Torch.view(scope, upsampling).matMul(logits);
    }

    private NDArray crossEntropy(NDManager scope, NDArray masks) {
      NDArray rows = masks.reshape(-1, labels.getShape().get(1));
      return rows.logSoftmax(1).mul(labels).sum().mul(Torch.number(scope, -1));
    }

    private void compare(int update, NDArray crossEntropy, Objective.Terms terms) {
      NDArray[] found = {crossEntropy, terms.loss(), terms.regularizer()};
      String[] names = {"cross_entropy", "loss", "reg"};
      Tensor trace = fixture.tensors().tensor("adam.trace");
      for (int i = 0; i < found.length; i++) {
        double expected = trace.get((update - 1) * 3L + i);
        assertEquals(
            expected,
            found[i].getFloat(),
            Math.abs(expected) * fixture.tolerance("adam_trace_rel"),
            names[i] + " of update " + update);
        if (update == 1) {
          double exact = fixture.tensors().tensor("train." + names[i]).get(0);
          assertEquals(
              exact,
              found[i].getFloat(),
              Math.abs(exact) * fixture.tolerance("loss_rel"),
              "train." + names[i]);
        }
      }
    }

    private Map<String, NDArray> gradients(NDManager scope, Map<String, NDArray> leaves) {
      Map<String, NDArray> gradients = new LinkedHashMap<>();
      leaves.forEach((name, leaf) -> gradients.put(name, leaf.getGradient()));
      NDArray head = gradients.remove(PsiParameters.HEAD);
      float[] raw = householder.pullBack(values.get(RAW).toFloatArray(), head.toFloatArray());
      gradients.put(RAW, scope.create(raw, head.getShape()));
      return gradients;
    }

    private void compare(Map<String, NDArray> gradients) {
      gradients.forEach((name, gradient) -> {
        String expected = "grad." + (name.startsWith(ONLINE) ? "" : "psi.") + name;
        Golden.assertGradient(
            expected,
            fixture.tensors().tensor(expected),
            gradient,
            fixture.tolerance("grad_rel_to_max"));
      });
      long expected =
          fixture.tensors().names().stream().filter(name -> name.startsWith("grad.")).count();
      assertEquals(expected, gradients.size());
    }

    @Override
    public void close() {
      kernel.close();
    }
  }
}
