package dev.eigenseg.infer.vit;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParseException;
import com.google.gson.JsonParser;
import dev.eigenseg.api.BadInputException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;

/**
 * What timm's {@code config.json} says about a model: {@code architecture}, {@code num_features},
 * {@code pretrained_cfg} and {@code model_args}. Other fields are left alone.
 */
record TimmConfig(String where, JsonObject json) {
  /** Says nothing. */
  static final TimmConfig NONE = new TimmConfig("", new JsonObject());

  private static final List<String> MARKS =
      List.of("architecture", "pretrained_cfg", "model_args", "num_features");
  private static final List<String> KEYS = List.of("config", "config.json");

  /** The configuration of a file in its folder; a config.json of something else is passed over. */
  static Optional<TimmConfig> beside(Path file) throws IOException {
    String name = file.getFileName().toString();
    String stem = name.endsWith(".safetensors") ? name.substring(0, name.lastIndexOf('.')) : name;
    for (String candidate : List.of(stem + ".json", "config.json")) {
      Path json = file.resolveSibling(candidate);
      if (Files.isRegularFile(json)) {
        Optional<TimmConfig> config = parse(Files.readString(json), json.toString());
        if (config.isPresent()) {
          return config;
        }
      }
    }
    return Optional.empty();
  }

  /** The configuration in a file's metadata: as a JSON text, or field by field. */
  static Optional<TimmConfig> in(Map<String, String> metadata, String file) {
    String where = "the metadata of " + file;
    for (String key : KEYS) {
      if (metadata.containsKey(key)) {
        return parse(metadata.get(key), where);
      }
    }
    JsonObject fields = new JsonObject();
    for (String mark : MARKS) {
      String text = metadata.get(mark);
      if (text != null && text.startsWith("{")) {
        fields.add(mark, element(text, where));
      } else if (text != null) {
        fields.addProperty(mark, text);
      }
    }
    return fields.isEmpty() ? Optional.empty() : Optional.of(new TimmConfig(where, fields));
  }

  private static Optional<TimmConfig> parse(String text, String where) {
    JsonElement json = element(text, where);
    boolean ofTimm = json.isJsonObject() && MARKS.stream().anyMatch(json.getAsJsonObject()::has);
    return ofTimm ? Optional.of(new TimmConfig(where, json.getAsJsonObject())) : Optional.empty();
  }

  private static JsonElement element(String text, String where) {
    try {
      return JsonParser.parseString(text);
    } catch (JsonParseException e) {
      throw new BadInputException(
          "%s is no JSON: %s; mend it or take it away".formatted(where, e.getMessage()), e);
    }
  }

  /** timm's name of the model, empty if unknown. */
  String architecture() {
    return text("architecture").orElse("");
  }

  /** The channels of a token. */
  OptionalInt features() {
    return number("num_features", json.get("num_features"));
  }

  /** A whole number among the arguments that the model was made with. */
  OptionalInt argument(String name) {
    return number("model_args." + name, object("model_args").get(name));
  }

  /** The activation function's name among the arguments. */
  Optional<String> activation() {
    JsonElement value = object("model_args").get("act_layer");
    return value != null && value.isJsonPrimitive()
        ? Optional.of(value.getAsString())
        : Optional.empty();
  }

  /** Rows and columns of pixels that the model was trained on. */
  Optional<int[]> imageSize() {
    JsonElement size = object("model_args").get("img_size");
    if (size != null && size.isJsonPrimitive()) {
      int side = number("model_args.img_size", size).orElseThrow();
      return Optional.of(new int[] {side, side});
    }
    if (size != null && size.isJsonArray()) {
      return Optional.of(pair("model_args.img_size", size.getAsJsonArray(), 0));
    }
    JsonElement input = object("pretrained_cfg").get("input_size");
    return input != null && input.isJsonArray()
        ? Optional.of(pair("pretrained_cfg.input_size", input.getAsJsonArray(), 1))
        : Optional.empty();
  }

  private int[] pair(String field, JsonArray array, int first) {
    if (array.size() != first + 2) {
      throw unusable(field, array);
    }
    return new int[] {
      number(field, array.get(first)).orElseThrow(),
      number(field, array.get(first + 1)).orElseThrow()
    };
  }

  /** The pixel normalisation. */
  Optional<PixelNormalization> normalization() {
    JsonObject pretrained = object("pretrained_cfg");
    if (!pretrained.has("mean") || !pretrained.has("std")) {
      return Optional.empty();
    }
    PixelNormalization exact =
        new PixelNormalization(
            numbers("mean", pretrained.get("mean")), numbers("std", pretrained.get("std")));
    return Optional.of(exact);
  }

  private List<Float> numbers(String field, JsonElement value) {
    List<Float> numbers = new ArrayList<>();
    if (!value.isJsonArray()) {
      throw unusable("pretrained_cfg." + field, value);
    }
    for (JsonElement number : value.getAsJsonArray()) {
      try {
        numbers.add(number.getAsFloat());
      } catch (NumberFormatException | UnsupportedOperationException | IllegalStateException e) {
        throw unusable("pretrained_cfg." + field, value);
      }
    }
    return numbers;
  }

  private JsonObject object(String name) {
    JsonElement value = json.get(name);
    return value != null && value.isJsonObject() ? value.getAsJsonObject() : new JsonObject();
  }

  private Optional<String> text(String name) {
    JsonElement value = json.get(name);
    return value != null && value.isJsonPrimitive()
        ? Optional.of(value.getAsString())
        : Optional.empty();
  }

  private OptionalInt number(String field, JsonElement value) {
    if (value == null || value.isJsonNull()) {
      return OptionalInt.empty();
    }
    try {
      int number = value.getAsInt();
      if (number > 0) {
        return OptionalInt.of(number);
      }
    } catch (NumberFormatException | UnsupportedOperationException | IllegalStateException e) {
      throw new BadInputException(unusable(field, value).getMessage(), e);
    }
    throw unusable(field, value);
  }

  private BadInputException unusable(String field, JsonElement value) {
    return new BadInputException(
        "%s says %s = %s, which is no such setting of a Vision Transformer; mend it or take it away"
            .formatted(where, field, value));
  }
}
