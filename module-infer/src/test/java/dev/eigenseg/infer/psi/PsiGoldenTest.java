package dev.eigenseg.infer.psi;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import com.google.gson.Gson;
import com.google.gson.JsonObject;
import dev.eigenseg.api.internal.file.SafeTensors;
import dev.eigenseg.api.tensor.DType;
import dev.eigenseg.api.tensor.Tensor;
import dev.eigenseg.infer.Fixtures;
import dev.eigenseg.infer.PsiConfig;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

/**
 * psi's forward pass against the published implementation, on every fixture whose name begins with
 * psi.
 */
class PsiGoldenTest {
  @TestFactory
  List<DynamicTest> forward() throws IOException {
    List<Path> cases = Fixtures.golden("psi");
    assertFalse(cases.isEmpty(), "no psi fixture in the golden folder");
    return cases.stream()
        .map(
            folder -> DynamicTest.dynamicTest(folder.getFileName().toString(), () -> check(folder)))
        .toList();
  }

  private static void check(Path folder) throws IOException {
    JsonObject fixture =
        new Gson().fromJson(Files.readString(folder.resolve("fixture.json")), JsonObject.class);
    float tolerance = fixture.getAsJsonObject("tolerance").get("forward_abs").getAsFloat();
    try (SafeTensors weights = SafeTensors.open(folder.resolve("weights.safetensors"));
        SafeTensors tensors = SafeTensors.open(folder.resolve("tensors.safetensors"));
        PsiNetwork psi =
            new PsiNetwork(
                config(fixture.getAsJsonObject("config")),
                name ->
                    weights.tensor(name.equals("head.weight") ? "head.weight_effective" : name))) {
      Tensor input = tensors.tensor("input");
      for (int image = 0; image < input.size(0); image++) {
        compare(psi, input, tensors.tensor("eval.hidden"), image, tolerance, psi::hidden);
        compare(psi, input, tensors.tensor("eval.logits"), image, tolerance, psi::logits);
      }
    }
  }

  private static PsiConfig config(JsonObject json) {
    int level = json.get("d_backbone").getAsInt();
    return new PsiConfig(
        level,
        level,
        level,
        0,
        json.get("hidden").getAsInt(),
        json.get("num_heads").getAsInt(),
        json.get("head_dim").getAsInt(),
        json.get("mlp_dim").getAsInt(),
        json.get("num_blocks").getAsInt(),
        json.get("k").getAsInt());
  }

  private interface Function {
    void apply(Tensor input, Tensor out, int threads);
  }

  private static void compare(
      PsiNetwork psi,
      Tensor input,
      Tensor expected,
      int image,
      float tolerance,
      Function function) {
    long tokens = input.size(1);
    long outputs = expected.size(2);
    Tensor rows = input.slice(image, 1).reshape(tokens, psi.config().inputDim());
    Tensor wanted = expected.slice(image, 1).reshape(tokens, outputs);
    try (Tensor found = Tensor.allocate(DType.F32, tokens, outputs)) {
      function.apply(rows, found, 1 + image % 3);
      for (long i = 0; i < found.size(); i++) {
        assertEquals(wanted.get(i), found.get(i), tolerance, "element " + i + " of image " + image);
      }
    }
  }
}
