package dev.eigenseg.infer.vit;

import dev.eigenseg.api.internal.file.RegularFile;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;

/**
 * What the {@code config.json} of Hugging Face's transformers says about a model, and {@code
 * preprocessor_config.json} about its pixels. Other fields are left alone.
 *
 * @param json the part about the network
 * @param pixels without fields if there is none
 */
record TransformersConfig(String architecture, ConfigJson json, ConfigJson pixels)
    implements PublishedConfig {
  private static final String PIXELS = "preprocessor_config.json";

  /** Where models of several networks have that of the image tower. */
  private static final List<String> TOWERS = List.of("vision_config", "backbone_config");

  /** A JSON, if it is of transformers and about such a network. */
  static Optional<PublishedConfig> of(ConfigJson json, Path file) throws IOException {
    ConfigJson network = json;
    for (String tower : TOWERS) {
      if (!network.has("hidden_size")) {
        network = json.object(tower);
      }
    }
    if (!network.has("hidden_size") || !json.has("model_type")) {
      return Optional.empty();
    }
    Path beside = file.resolveSibling(PIXELS);
    Optional<ConfigJson> pixels =
        Files.isRegularFile(beside)
            ? ConfigJson.parse(RegularFile.text(beside), beside.toString())
            : Optional.empty();
    String architecture =
        network.text("model_type").or(() -> json.text("model_type")).orElse("unknown");
    return Optional.of(
        new TransformersConfig(architecture, network, pixels.orElse(ConfigJson.EMPTY)));
  }

  @Override
  public String where() {
    return json.where();
  }

  @Override
  public OptionalInt features() {
    return json.number("hidden_size");
  }

  @Override
  public OptionalInt heads() {
    return json.number("num_attention_heads");
  }

  @Override
  public Optional<Float> eps() {
    return json.decimal("layer_norm_eps");
  }

  @Override
  public Optional<String> activation() {
    return json.text("hidden_act");
  }

  @Override
  public Optional<int[]> imageSize() {
    return json.sides("image_size", 0);
  }

  @Override
  public Optional<PixelNormalization> normalization() {
    return pixels.normalization("image_mean", "image_std");
  }

  @Override
  public Optional<Float> ropeTheta() {
    Optional<Float> theta = json.decimal("rope_theta");
    return theta.isPresent() ? theta : json.object("rope_parameters").decimal("rope_theta");
  }
}
