package dev.eigenseg.infer.vit;

import dev.eigenseg.api.internal.file.RegularFile;
import dev.eigenseg.api.internal.file.Shards;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;

/** What a configuration that was published with the weights says about a model. */
interface PublishedConfig {
  /** Says nothing. */
  PublishedConfig NONE = new TimmConfig(ConfigJson.EMPTY);

  /** The configuration of a file in its folder; a config.json of something else is passed over. */
  static Optional<PublishedConfig> beside(Path file) throws IOException {
    for (String candidate : List.of(Shards.stem(file) + ".json", "config.json")) {
      Path path = file.resolveSibling(candidate);
      if (Files.isRegularFile(path)) {
        Optional<ConfigJson> json = ConfigJson.parse(RegularFile.text(path), path.toString());
        Optional<PublishedConfig> config = json.flatMap(TimmConfig::of);
        if (config.isEmpty() && json.isPresent()) {
          config = TransformersConfig.of(json.get(), path);
        }
        if (config.isPresent()) {
          return config;
        }
      }
    }
    return Optional.empty();
  }

  /** Where it was found. */
  String where();

  /** The name of the architecture, empty if unknown. */
  String architecture();

  /** The channels of a token. */
  OptionalInt features();

  /** The heads of the attention. */
  OptionalInt heads();

  /** The eps of the layer norms. */
  Optional<Float> eps();

  /** The activation function's name. */
  Optional<String> activation();

  /** Rows and columns of pixels that the model was trained on. */
  Optional<int[]> imageSize();

  /** The pixel normalisation. */
  Optional<PixelNormalization> normalization();

  /** The base of the periods of rotary positions. */
  Optional<Float> ropeTheta();
}
