package dev.eigenseg.api.internal.file;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParseException;
import com.google.gson.JsonParser;
import dev.eigenseg.api.BadInputException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** JSON that people write by hand, and what is wrong with it in words of our own. */
public final class JsonText {
  private static final Pattern PLACE = Pattern.compile("at line (\\d+) column (\\d+)");
  private static final int SHOWN = 30;

  private JsonText() {}

  /**
   * Reads an object from a file.
   *
   * @param example what is expected, such as <code>{"0": "sky"}</code>
   * @throws BadInputException if it holds anything else; the message names file, line and column
   */
  public static JsonObject object(Path file, String example) throws IOException {
    byte[] bytes = RegularFile.bytes(file);
    try {
      String text = StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes)).toString();
      return object(text, file.toString(), example);
    } catch (CharacterCodingException e) {
      throw new BadInputException(
          "%s: not text in UTF-8; save it as UTF-8, expected JSON such as %s"
              .formatted(file, example),
          e);
    }
  }

  /**
   * Reads an object.
   *
   * @param source what messages call it
   * @param example what is expected
   * @throws BadInputException if the text holds anything else
   */
  public static JsonObject object(String text, String source, String example) {
    String bare = text.startsWith("\uFEFF") ? text.substring(1) : text;
    JsonElement json;
    try {
      json = JsonParser.parseString(bare);
    } catch (JsonParseException e) {
      throw new BadInputException(
          "%s: not JSON%s; expected an object such as %s"
              .formatted(source, place(bare, e), example),
          e);
    }
    if (!json.isJsonObject()) {
      throw new BadInputException(
          "%s: %s; expected an object such as %s".formatted(source, kind(json), example));
    }
    return json.getAsJsonObject();
  }

  // The parser's own words are about its settings and classes; the place alone is of use.
  private static String place(String text, JsonParseException e) {
    for (Throwable t = e; t != null; t = t.getCause()) {
      Matcher place = PLACE.matcher(String.valueOf(t.getMessage()));
      if (place.find()) {
        return " at line %s, column %s%s"
            .formatted(place.group(1), place.group(2), line(text, place.group(1)));
      }
    }
    return "";
  }

  private static String line(String text, String number) {
    return text.lines()
        .skip(Math.max(0, Integer.parseInt(number) - 1))
        .findFirst()
        .map(String::strip)
        .filter(line -> !line.isEmpty())
        .map(line -> " ('" + (line.length() > SHOWN ? line.substring(0, SHOWN) + "…" : line) + "')")
        .orElse("");
  }

  private static String kind(JsonElement json) {
    if (json.isJsonNull()) {
      return "nothing in it";
    }
    return json.isJsonArray() ? "found a list" : "found a single value";
  }
}
