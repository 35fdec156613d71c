package dev.eigenseg.train.vit;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.eigenseg.api.PatchFeatures;
import dev.eigenseg.api.internal.file.SafeTensors;
import dev.eigenseg.api.tensor.Tensor;
import dev.eigenseg.train.neuralef.Golden;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Features through DJL of checkpoints as libraries save them, against those libraries. */
class TorchCheckpointGoldenTest {
  private static final double TOLERANCE = 3e-4; // stated in every case

  static Stream<Path> weights() {
    try (Stream<Path> folders = Files.list(Golden.root().resolve("checkpoints"))) {
      List<Path> found =
          folders
              .filter(folder -> Files.exists(folder.resolve("fixture.json")))
              .map(TorchCheckpointGoldenTest::weights)
              .sorted()
              .toList();
      assertTrue(!found.isEmpty(), "no checkpoint found under " + Golden.root());
      return found.stream();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static Path weights(Path folder) {
    Path index = folder.resolve("model.safetensors.index.json");
    return Files.exists(index) ? index : folder.resolve("model.safetensors");
  }

  @ParameterizedTest
  @MethodSource("weights")
  void featuresAreTheReference(Path weights) throws IOException {
    String plain = "0,0,0/1,1,1";
    Map<String, String> settings =
        Files.exists(weights.resolveSibling("config.json"))
            ? Map.of("normalization", plain)
            : Map.of("normalization", plain, "heads", "3");
    try (SafeTensors tensors = SafeTensors.open(weights.resolveSibling("tensors.safetensors"));
        TorchVitBackbone backbone = TorchVitBackbone.open(weights, "cpu", settings)) {
      for (String input : tensors.names().stream().filter(n -> n.endsWith(".input")).toList()) {
        String prefix = input.substring(0, input.length() - "input".length());
        Tensor images = tensors.tensor(input);
        for (int image = 0; image < images.size(0); image++) {
          Tensor pixels = images.slice(image, 1).reshape(3, images.size(2), images.size(3));
          try (PatchFeatures found = backbone.extract(pixels)) {
            compare(tensors.tensor(prefix + "low"), image, found.low());
            compare(tensors.tensor(prefix + "mid"), image, found.mid());
            compare(tensors.tensor(prefix + "high"), image, found.high());
          }
        }
      }
    }
  }

  private static void compare(Tensor all, int image, Tensor found) {
    Tensor wanted = all.slice(image, 1);
    assertEquals(wanted.size(), found.size());
    Tensor row = found.reshape(1, all.size(1), all.size(2));
    for (long i = 0; i < wanted.size(); i++) {
      assertEquals(wanted.get(i), row.get(i), TOLERANCE, all + " at " + i);
    }
  }
}
