package dev.eigenseg.train.vit;

import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import dev.eigenseg.api.internal.file.SafeTensors;
import dev.eigenseg.api.tensor.Tensor;
import dev.eigenseg.infer.vit.VitCheckpoint;
import dev.eigenseg.infer.vit.VitConfig;
import dev.eigenseg.infer.vit.VitPositions;
import dev.eigenseg.train.neuralef.Golden;
import dev.eigenseg.train.neuralef.Torch;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Features through DJL against the published code's and timm's. */
class TorchVitGoldenTest {
  private static final double TOLERANCE = 2e-4; // stated in every case
  private static final String WEIGHTS = "weights";
  private static final String SUFFIX = ".safetensors";

  /** Every file of a Vision Transformer's weights beside reference features, in any depth. */
  static Stream<Path> weights() {
    try (Stream<Path> files = Files.walk(Golden.root())) {
      List<Path> found =
          files
              .filter(file -> file.getFileName().toString().matches(WEIGHTS + ".*\\" + SUFFIX))
              .filter(TorchVitGoldenTest::isBackbone)
              .sorted()
              .toList();
      assertTrue(!found.isEmpty(), "no case found under " + Golden.root());
      return found.stream();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static boolean isBackbone(Path file) {
    try (SafeTensors tensors = SafeTensors.open(file)) {
      return tensors.contains("patch_embed.proj.weight");
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** What the tensors do not show, in the words of the published code or of timm. */
  private static Map<String, String> settings(JsonObject fixture, String high) {
    JsonObject config = fixture.getAsJsonObject("config");
    boolean published = config.has("n_heads");
    JsonArray size = config.getAsJsonArray(published ? "image_size" : "img_size");
    int patch = config.get("patch_size").getAsInt();
    Map<String, String> settings = new TreeMap<>();
    settings.put("heads", config.get(published ? "n_heads" : "num_heads").getAsString());
    settings.put("eps", (published ? config : fixture).get("layernorm_eps").getAsString());
    settings.put("positions", published ? "bilinear" : "bicubic");
    settings.put("grid", size.get(0).getAsInt() / patch + "x" + size.get(1).getAsInt() / patch);
    settings.put("high", high);
    return settings;
  }

  /** Names of a case's references before ".low": {@code a}, or {@code 0.f16} for other weights. */
  private static List<String> cases(Path weights, SafeTensors tensors) {
    String file = weights.getFileName().toString();
    String variant = file.substring(WEIGHTS.length(), file.length() - SUFFIX.length());
    List<String> cases = new ArrayList<>();
    for (String name : tensors.names()) {
      String start = name.endsWith(".low") ? name.substring(0, name.length() - 4) : "";
      int dot = start.indexOf('.');
      String own = dot < 0 ? "" : "-" + start.substring(dot + 1);
      if (!start.isEmpty() && own.equals(variant)) {
        cases.add(start);
      }
    }
    assertTrue(!cases.isEmpty(), weights + " has no features");
    return cases;
  }

  @ParameterizedTest
  @MethodSource("weights")
  void featuresAreTheReference(Path weights) throws IOException {
    check(weights, "tokens", List.of("high"));
    check(weights, "keys", List.of("dino_key", "last_key"));
  }

  private static void check(Path weights, String high, List<String> names) throws IOException {
    JsonObject fixture = Golden.fixture(weights.getParent());
    try (VitCheckpoint checkpoint = VitCheckpoint.open(weights, settings(fixture, high));
        SafeTensors tensors = SafeTensors.open(weights.resolveSibling("tensors.safetensors"));
        NDManager manager = Torch.engine().newBaseManager()) {
      TorchVit vit = new TorchVit(checkpoint.config(), TorchVit.weights(manager, checkpoint));
      for (String start : cases(weights, tensors)) {
        String what = weights.getParent().getFileName() + " " + start + " ";
        try (NDManager scope = manager.newSubManager()) {
          TorchVit.Levels levels = levels(vit, checkpoint, scope, input(tensors, start));
          Golden.assertClose(what + "low", tensors.tensor(start + ".low"), levels.low(), TOLERANCE);
          Golden.assertClose(what + "mid", tensors.tensor(start + ".mid"), levels.mid(), TOLERANCE);
          String name =
              names.stream()
                  .filter(n -> tensors.contains(start + "." + n))
                  .findFirst()
                  .orElseThrow();
          Golden.assertClose(
              what + name, tensors.tensor(start + "." + name), levels.high(), TOLERANCE);
        }
      }
    }
  }

  private static Tensor input(SafeTensors tensors, String start) {
    String image = start.contains(".") ? start.substring(0, start.indexOf('.')) : start;
    String padded = image + ".input_padded";
    return tensors.tensor(tensors.contains(padded) ? padded : image + ".input");
  }

  private static TorchVit.Levels levels(
      TorchVit vit, VitCheckpoint checkpoint, NDManager scope, Tensor images) {
    VitConfig config = checkpoint.config();
    int rows = Math.toIntExact(images.size(2) / config.patchSize());
    int columns = Math.toIntExact(images.size(3) / config.patchSize());
    try (Tensor positions = new VitPositions(checkpoint).on(rows, columns)) {
      NDArray input = Torch.place(scope, images);
      return vit.levels(input, Torch.place(scope, positions));
    }
  }
}
