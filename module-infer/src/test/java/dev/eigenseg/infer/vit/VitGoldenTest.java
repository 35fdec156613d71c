package dev.eigenseg.infer.vit;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.gson.Gson;
import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import dev.eigenseg.api.PatchFeatures;
import dev.eigenseg.api.internal.file.SafeTensors;
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
 * Features against the published code and against timm, on every fixture whose name begins with
 * vit, for each of its weight files.
 */
class VitGoldenTest {
  private static final float TOLERANCE = 2e-4f;

  @TestFactory
  List<DynamicTest> features() throws IOException {
    List<Path> folders = new ArrayList<>(Fixtures.golden("vit"));
    folders.addAll(timm());
    assertFalse(folders.isEmpty(), "no vit fixture in the golden folder");
    List<DynamicTest> tests = new ArrayList<>();
    for (Path folder : folders) {
      try (Stream<Path> files = Files.list(folder)) {
        files
            .filter(file -> file.getFileName().toString().startsWith("weights"))
            .sorted()
            .forEach(weights ->
                tests.add(
                    DynamicTest.dynamicTest(
                        folder.getFileName() + "/" + weights.getFileName(),
                        () -> check(folder, weights))));
      }
    }
    return tests;
  }

  private static List<Path> timm() throws IOException {
    Path folder = Path.of(System.getProperty("eigenseg.golden", "../shared/golden"), "vit-timm");
    if (!Files.isDirectory(folder)) {
      return List.of();
    }
    try (Stream<Path> children = Files.list(folder)) {
      return children
          .filter(child -> Files.exists(child.resolve("fixture.json")))
          .sorted()
          .toList();
    }
  }

  private static void check(Path folder, Path weights) throws IOException {
    JsonObject fixture =
        new Gson().fromJson(Files.readString(folder.resolve("fixture.json")), JsonObject.class);
    Map<String, String> settings = settings(fixture);
    Map<String, String> keySettings = new HashMap<>(settings);
    keySettings.put("high", "keys");
    int compared = 0;
    try (SafeTensors tensors = SafeTensors.open(folder.resolve("tensors.safetensors"));
        VitBackbone tokens = VitBackbone.open(weights, settings);
        VitBackbone keys = VitBackbone.open(weights, keySettings)) {
      for (String name : fixture.getAsJsonObject("cases").keySet()) {
        String prefix = name + infix(weights);
        String input =
            name + (tensors.contains(name + ".input_padded") ? ".input_padded" : ".input");
        if (!tensors.contains(prefix + "low")) {
          continue;
        }
        String key = tensors.contains(prefix + "last_key") ? "last_key" : "dino_key";
        Tensor images = tensors.tensor(input);
        for (int image = 0; image < images.size(0); image++) {
          Tensor pixels = images.slice(image, 1).reshape(3, images.size(2), images.size(3));
          try (PatchFeatures features = tokens.extract(pixels, 2);
              PatchFeatures keyFeatures = keys.extract(pixels, 1)) {
            compare(tensors, prefix + "low", image, features.low());
            compare(tensors, prefix + "mid", image, features.mid());
            compare(tensors, prefix + "high", image, features.high());
            compare(tensors, prefix + "low", image, keyFeatures.low());
            compare(tensors, prefix + "mid", image, keyFeatures.mid());
            compare(tensors, prefix + key, image, keyFeatures.high());
            compared++;
          }
        }
      }
    }
    assertTrue(compared > 0, "nothing to compare for " + weights);
  }

  /** {@code weights-f16} belongs to {@code N.f16.low}. */
  private static String infix(Path weights) {
    String name = weights.getFileName().toString().replace(".safetensors", "");
    return name.equals("weights") ? "." : name.replace("weights-", ".") + ".";
  }

  // The inputs of the fixtures are normalised already, and their grids are not square.
  private static Map<String, String> settings(JsonObject fixture) {
    JsonObject config = fixture.getAsJsonObject("config");
    Map<String, String> settings = new HashMap<>();
    settings.put("normalization", "0,0,0/1,1,1");
    if (config.has("n_heads")) {
      settings.put("heads", config.get("n_heads").getAsString());
      settings.put("eps", config.get("layernorm_eps").getAsString());
      settings.put("positions", "bilinear");
      JsonArray grid = config.getAsJsonArray("pos_embed_grid");
      settings.put("grid", grid.get(0).getAsInt() + "x" + grid.get(1).getAsInt());
    } else {
      int patch = config.get("patch_size").getAsInt();
      JsonArray size = config.getAsJsonArray("img_size");
      settings.put("heads", config.get("num_heads").getAsString());
      settings.put("eps", fixture.get("layernorm_eps").getAsString());
      settings.put("grid", size.get(0).getAsInt() / patch + "x" + size.get(1).getAsInt() / patch);
    }
    return settings;
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
