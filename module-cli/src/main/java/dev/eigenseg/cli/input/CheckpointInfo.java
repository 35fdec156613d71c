package dev.eigenseg.cli.input;

import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import dev.eigenseg.api.BadInputException;
import dev.eigenseg.api.internal.file.SafeTensors;
import dev.eigenseg.api.internal.file.Shards;
import dev.eigenseg.api.tensor.DType;
import dev.eigenseg.infer.vit.VitCheckpoint;
import dev.eigenseg.infer.vit.VitConfig;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** What a file of published weights is. */
public final class CheckpointInfo {
  private CheckpointInfo() {}

  public static JsonObject describe(Path file) throws IOException {
    try (VitCheckpoint checkpoint = VitCheckpoint.open(file, Map.of())) {
      JsonObject json = vit(checkpoint);
      json.addProperty("read-by", configuration(file));
      return json;
    } catch (BadInputException e) {
      return other(file, e.getMessage());
    }
  }

  private static JsonObject vit(VitCheckpoint checkpoint) {
    VitConfig config = checkpoint.config();
    JsonObject json = new JsonObject();
    json.addProperty("kind", "Vision Transformer; use it with -b vit:FILE");
    json.addProperty("patch-size", config.patchSize());
    json.addProperty("channels", config.dim());
    json.addProperty("blocks", config.depth());
    json.addProperty("mlp", config.mlp());
    json.addProperty("gated", config.gated());
    json.addProperty(
        "positions",
        config.rotary().isPresent()
            ? "rotary"
            : "learned on %d x %d patches".formatted(config.gridRows(), config.gridColumns()));
    json.addProperty("prefix-tokens", prefix(config));
    json.addProperty("layer-scale", config.layerScale());
    json.addProperty("norm-pre", config.normPre());
    json.addProperty("dtype", types(checkpoint));
    json.addProperty("tensors", checkpoint.names().size());
    JsonObject settings = new JsonObject();
    checkpoint.settings().forEach(settings::addProperty);
    json.add("settings", settings);
    JsonArray assumptions = new JsonArray();
    checkpoint.assumptions().forEach(assumptions::add);
    json.add("assumed", assumptions);
    return json;
  }

  private static String configuration(Path file) {
    return Stream.of(
            file.resolveSibling(Shards.stem(file) + ".json"), file.resolveSibling("config.json"))
        .filter(Files::exists)
        .findFirst()
        .map(path -> "its tensors, then " + path)
        .orElse("its tensors and metadata, then assumptions");
  }

  private static String prefix(VitConfig config) {
    return (config.classToken() ? "class" : "no class")
        + (config.distillationToken() ? ", distillation" : "")
        + (config.registers() > 0 ? ", " + config.registers() + " registers" : "");
  }

  private static String types(VitCheckpoint checkpoint) {
    return checkpoint.config().weightShapes().keySet().stream()
        .map(checkpoint::dtype)
        .distinct()
        .map(DType::name)
        .map(name -> name.toLowerCase(Locale.ROOT))
        .collect(Collectors.joining(", "));
  }

  private static JsonObject other(Path file, String why) throws IOException {
    try (SafeTensors opened = SafeTensors.open(Shards.of(file).getFirst())) {
      JsonObject json = new JsonObject();
      json.addProperty("kind", "safetensors, which no backbone here reads");
      json.addProperty("why", why);
      json.addProperty("tensors", opened.names().size());
      return json;
    }
  }
}
