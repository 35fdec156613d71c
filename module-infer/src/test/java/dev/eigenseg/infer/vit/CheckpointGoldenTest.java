package dev.eigenseg.infer.vit;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.eigenseg.api.PatchFeatures;
import dev.eigenseg.api.internal.file.SafeTensors;
import dev.eigenseg.api.internal.file.Shards;
import dev.eigenseg.api.tensor.Tensor;
import dev.eigenseg.infer.Fixtures;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

/**
 * Features of checkpoints as libraries save them, against those libraries: of every fixture in
 * {@code checkpoints}, opened by each of its files and, in shards, by their index.
 */
class CheckpointGoldenTest {
  private static final float TOLERANCE = 3e-4f;

  @TestFactory
  List<DynamicTest> features() throws IOException {
    Fixtures.golden("checkpoints");
    List<DynamicTest> tests = new ArrayList<>();
    for (Path folder : folders()) {
      for (Path weights : weights(folder)) {
        tests.add(
            DynamicTest.dynamicTest(
                folder.getFileName() + "/" + weights.getFileName(), () -> check(weights)));
      }
    }
    assertFalse(tests.isEmpty(), "no checkpoint in the golden folder");
    return tests;
  }

  private static List<Path> folders() throws IOException {
    Path root = Path.of(System.getProperty("eigenseg.golden", "../shared/golden"), "checkpoints");
    try (Stream<Path> children = Files.list(root)) {
      return children
          .filter(child -> Files.exists(child.resolve("fixture.json")))
          .sorted()
          .toList();
    }
  }

  private static List<Path> weights(Path folder) throws IOException {
    try (Stream<Path> files = Files.list(folder)) {
      return files
          .filter(file -> file.getFileName().toString().startsWith("model"))
          .sorted()
          .toList();
    }
  }

  private static void check(Path weights) throws IOException {
    Map<String, String> settings = new HashMap<>();
    // The inputs of the fixtures are normalised already.
    settings.put("normalization", "0,0,0/1,1,1");
    if (!Files.exists(weights.resolveSibling("config.json"))) {
      settings.put("heads", "3");
    }
    int compared = 0;
    try (SafeTensors tensors = SafeTensors.open(weights.resolveSibling("tensors.safetensors"));
        VitBackbone backbone = VitBackbone.open(weights, settings);
        VitBackbone again = VitBackbone.open(weights, backbone.settings())) {
      assertEquals(backbone.settings(), again.settings());
      assertEquals("vit:" + Shards.stem(weights), backbone.id());
      for (String input : tensors.names().stream().filter(n -> n.endsWith(".input")).toList()) {
        String prefix = input.substring(0, input.length() - "input".length());
        Tensor images = tensors.tensor(input);
        for (int image = 0; image < images.size(0); image++) {
          Tensor pixels = images.slice(image, 1).reshape(3, images.size(2), images.size(3));
          try (PatchFeatures features = backbone.extract(pixels, 2)) {
            compare(tensors, prefix + "low", image, features.low());
            compare(tensors, prefix + "mid", image, features.mid());
            compare(tensors, prefix + "high", image, features.high());
            compared++;
          }
        }
      }
    }
    assertTrue(compared > 0, "nothing to compare for " + weights);
  }

  private static void compare(SafeTensors tensors, String name, int image, Tensor found) {
    Tensor all = tensors.tensor(name);
    Tensor wanted = all.slice(image, 1).reshape(all.size(1), all.size(2));
    assertEquals(wanted.size(), found.size(), name);
    for (long i = 0; i < wanted.size(); i++) {
      assertEquals(wanted.get(i), found.get(i), TOLERANCE, name + " " + i + " of image " + image);
    }
  }
}
