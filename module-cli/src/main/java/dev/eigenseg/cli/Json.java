package dev.eigenseg.cli;

import com.google.gson.GsonBuilder;
import com.google.gson.JsonElement;

/** JSON as text for people and programs. */
final class Json {
  private Json() {}

  static String text(JsonElement json) {
    return new GsonBuilder().setPrettyPrinting().disableHtmlEscaping().create().toJson(json) + "\n";
  }
}
