package dev.eigenseg.infer.vit;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParseException;
import com.google.gson.JsonParser;
import dev.eigenseg.api.BadInputException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;

/**
 * Reads fields of a JSON that others wrote: absent ones are empty, unusable ones are errors that
 * say where they stand.
 *
 * @param where the file, and the path of the object in it
 */
record ConfigJson(String where, JsonObject json) {
  static final ConfigJson EMPTY = new ConfigJson("", new JsonObject());

  /** A text's object, if it is one. */
  static Optional<ConfigJson> parse(String text, String where) {
    JsonElement json = element(text, where);
    return json.isJsonObject()
        ? Optional.of(new ConfigJson(where, json.getAsJsonObject()))
        : Optional.empty();
  }

  static JsonElement element(String text, String where) {
    try {
      return JsonParser.parseString(text);
    } catch (JsonParseException e) {
      throw new BadInputException(
          "%s is no JSON: %s; mend it or take it away".formatted(where, e.getMessage()), e);
    }
  }

  boolean has(String name) {
    return json.has(name);
  }

  /** An object, without fields if there is none. */
  ConfigJson object(String name) {
    JsonElement value = json.get(name);
    return value != null && value.isJsonObject()
        ? new ConfigJson(where, value.getAsJsonObject())
        : new ConfigJson(where, new JsonObject());
  }

  Optional<String> text(String name) {
    JsonElement value = json.get(name);
    return value != null && value.isJsonPrimitive()
        ? Optional.of(value.getAsString())
        : Optional.empty();
  }

  /** A positive whole number. */
  OptionalInt number(String name) {
    return number(name, json.get(name));
  }

  private OptionalInt number(String name, JsonElement value) {
    if (value == null || value.isJsonNull()) {
      return OptionalInt.empty();
    }
    try {
      int number = value.getAsInt();
      if (number > 0) {
        return OptionalInt.of(number);
      }
    } catch (NumberFormatException | UnsupportedOperationException | IllegalStateException e) {
      throw new BadInputException(unusable(name, value).getMessage(), e);
    }
    throw unusable(name, value);
  }

  /** A positive number. */
  Optional<Float> decimal(String name) {
    JsonElement value = json.get(name);
    if (value == null || value.isJsonNull()) {
      return Optional.empty();
    }
    try {
      float number = value.getAsFloat();
      if (number > 0 && Float.isFinite(number)) {
        return Optional.of(number);
      }
    } catch (NumberFormatException | UnsupportedOperationException | IllegalStateException e) {
      throw new BadInputException(unusable(name, value).getMessage(), e);
    }
    throw unusable(name, value);
  }

  /**
   * Two sides: one number for both, or an array.
   *
   * @param skipped numbers of the array before them
   */
  Optional<int[]> sides(String name, int skipped) {
    JsonElement value = json.get(name);
    if (value instanceof JsonArray array) {
      if (array.size() != skipped + 2) {
        throw unusable(name, array);
      }
      return Optional.of(
          new int[] {
            number(name, array.get(skipped)).orElseThrow(() -> unusable(name, array)),
            number(name, array.get(skipped + 1)).orElseThrow(() -> unusable(name, array))
          });
    }
    OptionalInt side = number(name);
    return side.isPresent()
        ? Optional.of(new int[] {side.getAsInt(), side.getAsInt()})
        : Optional.empty();
  }

  /** A pixel normalisation of two arrays. */
  Optional<PixelNormalization> normalization(String mean, String deviation) {
    return has(mean) && has(deviation)
        ? Optional.of(new PixelNormalization(numbers(mean), numbers(deviation)))
        : Optional.empty();
  }

  private List<Float> numbers(String name) {
    JsonElement value = json.get(name);
    if (!(value instanceof JsonArray array)) {
      throw unusable(name, value);
    }
    List<Float> numbers = new ArrayList<>();
    for (JsonElement number : array) {
      try {
        numbers.add(number.getAsFloat());
      } catch (NumberFormatException | UnsupportedOperationException | IllegalStateException e) {
        throw new BadInputException(unusable(name, value).getMessage(), e);
      }
    }
    return numbers;
  }

  private BadInputException unusable(String field, JsonElement value) {
    return new BadInputException(
        "%s says %s = %s, which is no such setting of a Vision Transformer; mend it or take it away"
            .formatted(where, field, value));
  }
}
