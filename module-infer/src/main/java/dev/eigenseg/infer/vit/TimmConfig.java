package dev.eigenseg.infer.vit;

import com.google.gson.JsonObject;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;

/**
 * What timm's {@code config.json} says about a model: {@code architecture}, {@code num_features},
 * {@code pretrained_cfg} and {@code model_args}. Other fields are left alone.
 */
record TimmConfig(ConfigJson json) implements PublishedConfig {
  private static final List<String> MARKS =
      List.of("architecture", "pretrained_cfg", "model_args", "num_features");
  private static final List<String> KEYS = List.of("config", "config.json");

  /** A JSON, if it is of timm. */
  static Optional<PublishedConfig> of(ConfigJson json) {
    return MARKS.stream().anyMatch(json::has)
        ? Optional.of(new TimmConfig(json))
        : Optional.empty();
  }

  /** The configuration in a file's metadata: as a JSON text, or field by field. */
  static Optional<PublishedConfig> in(Map<String, String> metadata, String file) {
    String where = "the metadata of " + file;
    for (String key : KEYS) {
      if (metadata.containsKey(key)) {
        return ConfigJson.parse(metadata.get(key), where).flatMap(TimmConfig::of);
      }
    }
    JsonObject fields = new JsonObject();
    for (String mark : MARKS) {
      String text = metadata.get(mark);
      if (text != null && text.startsWith("{")) {
        fields.add(mark, ConfigJson.element(text, where));
      } else if (text != null) {
        fields.addProperty(mark, text);
      }
    }
    return of(new ConfigJson(where, fields));
  }

  private ConfigJson arguments() {
    return json.object("model_args");
  }

  @Override
  public String where() {
    return json.where();
  }

  @Override
  public String architecture() {
    return json.text("architecture").orElse("");
  }

  @Override
  public OptionalInt features() {
    return json.number("num_features");
  }

  @Override
  public OptionalInt heads() {
    return arguments().number("num_heads");
  }

  @Override
  public Optional<Float> eps() {
    return Optional.empty();
  }

  @Override
  public Optional<String> activation() {
    return arguments().text("act_layer");
  }

  @Override
  public Optional<int[]> imageSize() {
    Optional<int[]> made = arguments().sides("img_size", 0);
    ConfigJson pretrained = json.object("pretrained_cfg");
    return made.isPresent() || !pretrained.has("input_size")
        ? made
        : pretrained.sides("input_size", 1);
  }

  @Override
  public Optional<PixelNormalization> normalization() {
    return json.object("pretrained_cfg").normalization("mean", "std");
  }

  @Override
  public Optional<Float> ropeTheta() {
    return arguments().decimal("rope_temperature");
  }
}
