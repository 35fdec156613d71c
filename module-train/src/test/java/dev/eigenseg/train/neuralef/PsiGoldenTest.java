package dev.eigenseg.train.neuralef;

import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.training.GradientCollector;
import com.google.gson.JsonObject;
import dev.eigenseg.api.internal.file.SafeTensors;
import dev.eigenseg.api.tensor.Tensor;
import dev.eigenseg.infer.PsiConfig;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** psi's forward pass, training outputs and gradients against the published code. */
class PsiGoldenTest {
  static Stream<Path> cases() {
    return Golden.cases(fixture ->
        fixture.has("config")
            && fixture.getAsJsonObject("config").has("gumbel_tau")
            && fixture.getAsJsonObject("tensors").has("train.column_norm"))
        .stream();
  }

  private static PsiConfig config(JsonObject fixture) {
    JsonObject json = fixture.getAsJsonObject("config");
    int hidden = json.get("hidden").getAsInt();
    return new PsiConfig(
        0,
        0,
        hidden,
        0,
        hidden,
        json.get("num_heads").getAsInt(),
        json.get("head_dim").getAsInt(),
        json.get("mlp_dim").getAsInt(),
        json.get("num_blocks").getAsInt(),
        json.get("k").getAsInt());
  }

  private static Tensor weight(SafeTensors weights, String name) {
    return weights.tensor(name.equals(PsiParameters.HEAD) ? "head.weight_effective" : name);
  }

  @ParameterizedTest
  @MethodSource("cases")
  void outputsAndGradientsAreThePublishedOnes(Path folder) throws IOException {
    JsonObject fixture = Golden.fixture(folder);
    JsonObject tolerance = fixture.getAsJsonObject("tolerance");
    double forward = tolerance.get("forward_abs").getAsDouble();
    double gradient = tolerance.get("grad_rel_to_max").getAsDouble();
    PsiConfig config = config(fixture);
    try (SafeTensors weights = SafeTensors.open(folder.resolve("weights.safetensors"));
        SafeTensors tensors = SafeTensors.open(folder.resolve("tensors.safetensors"));
        NDManager manager = Torch.engine().newBaseManager();
        PsiParameters parameters =
            PsiParameters.copyOf(manager, config, name -> weight(weights, name));
        NDManager scope = manager.newSubManager();
        GradientCollector collector = Torch.engine().newGradientCollector()) {
      Map<String, NDArray> leaves = parameters.leaves(scope);
      Psi psi = new Psi(config, leaves);
      NDArray input = Golden.array(scope, tensors, "input");
      input.setRequiresGradient(true);
      NDArray hidden = psi.hidden(input);
      NDArray logits = psi.head(hidden);
      Golden.assertClose("eval.hidden", tensors.tensor("eval.hidden"), hidden, forward);
      Golden.assertClose("eval.logits", tensors.tensor("eval.logits"), logits, forward);

      NDArray rows = logits.reshape(-1, config.clusters());
      NDArray soft = Outputs.softmax(rows, 1);
      NDArray output = Outputs.normalizeColumns(soft);
      Golden.assertClose("train.softmax", tensors.tensor("train.softmax"), soft, forward);
      Golden.assertClose(
          "train.column_norm",
          tensors.tensor("train.column_norm"),
          soft.square().sum(new int[] {0}).sqrt(),
          forward * 10);
      Golden.assertClose("train.output", tensors.tensor("train.output"), output, forward);

      NDArray noise = Golden.array(scope, tensors, "gumbel.noise").reshape(-1, config.clusters());
      double temperature = fixture.getAsJsonObject("config").get("gumbel_tau").getAsDouble();
      NDArray noisy = Outputs.normalizeColumns(Outputs.gumbelSoftmax(rows, noise, temperature));
      Golden.assertClose("gumbel.output", tensors.tensor("gumbel.output"), noisy, forward);

      NDArray upstream = Golden.array(scope, tensors, "upstream").reshape(-1, config.clusters());
      System.gc(); // what autograd holds must survive it, see Torch.number
      collector.backward(output.mul(upstream).sum());
      Golden.assertGradient(
          "grad.input", tensors.tensor("grad.input"), input.getGradient(), gradient);
      leaves.forEach((name, leaf) -> {
        String expected =
            name.equals(PsiParameters.HEAD) ? "grad.head.weight_effective" : "grad." + name;
        assertTrue(tensors.contains(expected), expected);
        Golden.assertGradient(expected, tensors.tensor(expected), leaf.getGradient(), gradient);
      });
    }
  }
}
