package dev.eigenseg.train;

import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.training.GradientCollector;
import dev.eigenseg.api.Backbone.FeatureDims;
import dev.eigenseg.api.bank.ImageEntry;
import dev.eigenseg.api.tensor.DType;
import dev.eigenseg.api.tensor.Tensor;
import dev.eigenseg.train.neuralef.Golden;
import dev.eigenseg.train.neuralef.NeuralEfFixture;
import dev.eigenseg.train.neuralef.Objective;
import dev.eigenseg.train.neuralef.Torch;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Cross-batch with all rows in the batch and fresh remembered outputs is the published objective.
 */
class CrossBatchGoldenTest {
  static Stream<NeuralEfFixture.Named> cases() throws IOException {
    List<NeuralEfFixture.Named> withStopGradient = new ArrayList<>();
    for (NeuralEfFixture.Named named : NeuralEfFixture.all().toList()) {
      try (NeuralEfFixture fixture = named.open()) {
        if (fixture.stopGradient()) {
          withStopGradient.add(named);
        }
      }
    }
    assertTrue(!withStopGradient.isEmpty());
    return withStopGradient.stream();
  }

  @ParameterizedTest
  @MethodSource("cases")
  void allRowsGiveThePublishedGradients(NeuralEfFixture.Named named) throws IOException {
    check(named, DType.F32, 0);
  }

  /**
   * The reference's outputs and kernel are not negative, so products are off by no larger fraction
   * than the outputs are: 2^-12.
   */
  @ParameterizedTest
  @MethodSource("cases")
  void halfPrecisionAddsItsRoundingAlone(NeuralEfFixture.Named named) throws IOException {
    check(named, DType.F16, 0x1p-12);
  }

  private static void check(NeuralEfFixture.Named named, DType dtype, double rounding)
      throws IOException {
    try (NeuralEfFixture fixture = named.open()) {
      int n = fixture.size("n");
      int k = fixture.size("k");
      RememberedOutputs remembered = new RememberedOutputs(n, k, dtype);
      try (CrossBatchKernel kernel = new CrossBatchKernel(fixture.kernel(), remembered, 2);
          BatchMemory memory = new BatchMemory();
          Batch batch = batch(fixture, memory);
          Tensor products = Tensor.allocate(DType.F32, n, k);
          NDManager scope = Torch.engine().newBaseManager();
          GradientCollector collector = Torch.engine().newGradientCollector()) {
        Tensor psi = fixture.matrix("psi", "k");
        remembered.write(0, n, psi.segment(), 0);
        remembered.refreshNorms(2);
        kernel.multiply(batch, psi, products);
        NDArray outputs = Torch.share(scope, psi.segment(), psi.shape()).duplicate();
        outputs.setRequiresGradient(true);
        Objective.Terms terms =
            new Objective(fixture.number("t"), fixture.number("alpha"))
                .terms(outputs, Torch.share(scope, products.segment(), products.shape()));
        collector.backward(terms.surrogate());
        Golden.assertGradient(
            fixture.name(),
            fixture.tensors().tensor("grad_psi.loss_plus_reg"),
            outputs.getGradient(),
            fixture.tolerance().get("grad_rel_to_max").getAsDouble() + rounding);
      }
    }
  }

  // Only the images' places count here.
  private static Batch batch(NeuralEfFixture fixture, BatchMemory memory) {
    int patches = fixture.size("h") * fixture.size("w");
    int rows = fixture.size("h");
    int columns = fixture.size("w");
    List<Batch.Part> parts = new ArrayList<>();
    for (int i = 0; i < fixture.size("B"); i++) {
      parts.add(
          new Batch.Part(
              new ImageEntry(i, "image " + i, 1, 1, rows, columns, (long) i * patches),
              rows,
              columns));
    }
    BatchMemory.Room room = memory.take(new FeatureDims(1, 1, 1), 0);
    return new Batch(
        parts, fixture.size("n"), room.input(), room.high(), room.colors(), memory, room);
  }
}
