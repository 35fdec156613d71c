package dev.eigenseg.train.study;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.OptionalDouble;

/** The built-in JSON files of studies. */
final class StudyResource {
  private StudyResource() {}

  static JsonObject read(String name) {
    String resource = name + ".json";
    try (InputStream in = StudyResource.class.getResourceAsStream(resource)) {
      if (in == null) {
        throw new IllegalStateException(resource + " is missing in this build");
      }
      String text = new String(in.readAllBytes(), StandardCharsets.UTF_8);
      return JsonParser.parseString(text).getAsJsonObject();
    } catch (IOException e) {
      throw new UncheckedIOException("the built-in " + resource, e);
    }
  }

  /** A score: {@code method}, {@code accuracy} and {@code miou} if reported, {@code where}. */
  static KnownScore score(JsonObject json) {
    return new KnownScore(
        json.get("method").getAsString(),
        number(json.get("accuracy")),
        number(json.get("miou")),
        json.get("where").getAsString());
  }

  private static OptionalDouble number(JsonElement element) {
    return element == null ? OptionalDouble.empty() : OptionalDouble.of(element.getAsDouble());
  }
}
