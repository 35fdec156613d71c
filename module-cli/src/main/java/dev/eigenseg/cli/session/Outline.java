package dev.eigenseg.cli.session;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import java.util.Map;

/** A JSON object as indented lines of text. */
public final class Outline {
  private static final String INDENT = "  ";

  private Outline() {}

  public static String text(JsonObject object) {
    StringBuilder text = new StringBuilder();
    append(text, object, "");
    return text.toString().stripTrailing();
  }

  private static void append(StringBuilder text, JsonObject object, String indent) {
    for (Map.Entry<String, JsonElement> entry : object.entrySet()) {
      text.append(indent).append(entry.getKey()).append(':');
      JsonElement value = entry.getValue();
      if (value.isJsonObject()) {
        text.append('\n');
        append(text, value.getAsJsonObject(), indent + INDENT);
      } else if (value.isJsonPrimitive()) {
        text.append(' ').append(value.getAsString()).append('\n');
      } else {
        text.append(' ').append(value).append('\n');
      }
    }
  }
}
