package dev.eigenseg.train.neuralef;

import static org.junit.jupiter.api.Assertions.assertEquals;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.training.GradientCollector;
import dev.eigenseg.api.tensor.DType;
import dev.eigenseg.api.tensor.Tensor;
import dev.eigenseg.graph.kernel.NormalizedAdjacency;
import java.io.IOException;
import java.util.function.Function;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The in-batch objective, over our own graphs, against the published code. */
class NeuralEfGoldenTest {
  static Stream<NeuralEfFixture.Named> cases() {
    return NeuralEfFixture.all();
  }

  @ParameterizedTest
  @MethodSource("cases")
  void lossAndGradientsAreThePublishedOnes(NeuralEfFixture.Named named) throws IOException {
    try (NeuralEfFixture fixture = named.open();
        NormalizedAdjacency kernel = fixture.kernel();
        Tensor products = Tensor.allocate(DType.F32, fixture.size("n"), fixture.size("k"))) {
      kernel.multiply(0, fixture.size("n"), fixture.matrix("psi", "k"), products, 2);
      check(fixture, products, "loss_plus_reg", Objective.Terms::surrogate);
      check(fixture, products, "loss", Objective.Terms::lossSurrogate);
      check(fixture, products, "reg", Objective.Terms::regularizerSurrogate);
    }
  }

  private static void check(
      NeuralEfFixture fixture,
      Tensor products,
      String part,
      Function<Objective.Terms, NDArray> differentiated) {
    Objective objective =
        new Objective(fixture.number("t"), fixture.number("alpha"), fixture.stopGradient());
    try (NDManager scope = Torch.engine().newBaseManager();
        GradientCollector collector = Torch.engine().newGradientCollector()) {
      NDArray psi = Golden.array(scope, fixture.tensors(), "psi").reshape(-1, fixture.size("k"));
      psi.setRequiresGradient(true);
      Objective.Terms terms =
          objective.terms(psi, Torch.share(scope, products.segment(), products.shape()));
      assertRelative(fixture, "loss", terms.loss(), "loss_rel");
      assertRelative(fixture, "reg", terms.regularizer(), "reg_rel");
      collector.backward(differentiated.apply(terms));
      Golden.assertGradient(
          fixture.name() + " " + part,
          fixture.tensors().tensor("grad_psi." + part),
          psi.getGradient(),
          fixture.tolerance().get("grad_rel_to_max").getAsDouble());
    }
  }

  private static void assertRelative(
      NeuralEfFixture fixture, String name, NDArray found, String tolerance) {
    double expected = fixture.json().get(name).getAsDouble();
    double allowed = fixture.tolerance().get(tolerance).getAsDouble() * Math.abs(expected);
    assertEquals(expected, found.getFloat(), allowed, fixture.name() + " " + name);
  }
}
