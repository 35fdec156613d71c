package dev.eigenseg.api;

import com.google.gson.GsonBuilder;
import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import dev.eigenseg.api.ClassList.NamedClass;
import dev.eigenseg.api.internal.file.AtomicFile;
import dev.eigenseg.api.internal.file.JsonText;
import java.io.IOException;
import java.nio.charset.CharacterCodingException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/** Reads and writes {@code classes.json}: the classes of a data set, as used beside label maps. */
public final class ClassFiles {
  private static final String EXAMPLE =
      "{\"classes\": [{\"index\": 0, \"name\": \"sky\", \"rgb\": [70, 130, 180]}]}";

  private ClassFiles() {}

  /**
   * What such a file says.
   *
   * @param classes the classes, in index order
   * @param voidIndex the label value to be ignored, or -1 if there is none
   */
  public record LabelClasses(ClassList classes, int voidIndex) {}

  /**
   * Reads a file of the form {@code {"void_index": 11, "classes": [{"index": 0, "name": "Sky",
   * "rgb": [128, 128, 128]}, ...]}}; other members are passed over.
   *
   * @throws BadInputException if there is no such file, or it says something else; the message
   *     names the place
   */
  public static LabelClasses read(Path file) throws IOException {
    try {
      return parse(Files.readString(file), file.toString());
    } catch (NoSuchFileException e) {
      throw new BadInputException(
          file + ": no such file; label maps need their classes beside them", e);
    } catch (CharacterCodingException e) {
      throw new BadInputException(
          file + ": not text in UTF-8; save it as UTF-8, expected JSON such as " + EXAMPLE, e);
    }
  }

  /**
   * Reads the text of such a file.
   *
   * @param source what messages call it
   * @throws BadInputException if it says something else; the message names the place
   */
  public static LabelClasses parse(String text, String source) {
    JsonObject json = JsonText.object(text, source, EXAMPLE);
    try {
      return parse(json);
    } catch (BadInputException e) {
      throw new BadInputException(source + ": " + e.getMessage(), e);
    } catch (RuntimeException e) {
      // Gson reports what is missing or of another kind by several unrelated exceptions.
      throw new BadInputException(
          source
              + ": expected an object with \"classes\" and, if labels may be void, \"void_index\"",
          e);
    }
  }

  private static LabelClasses parse(JsonObject json) {
    JsonArray array = json.getAsJsonArray("classes");
    List<NamedClass> classes = new ArrayList<>();
    Set<String> names = new HashSet<>();
    for (int i = 0; i < array.size(); i++) {
      NamedClass next = parseClass(array.get(i), i);
      if (!names.add(next.name())) {
        throw new BadInputException("two classes are called '" + next.name() + "'");
      }
      classes.add(next);
    }
    if (classes.isEmpty()) {
      throw new BadInputException("\"classes\" is empty");
    }
    int voidIndex = json.has("void_index") ? json.get("void_index").getAsInt() : -1;
    if (voidIndex >= 0 && voidIndex < classes.size()) {
      throw new BadInputException(
          "\"void_index\" %d is also the index of class '%s'"
              .formatted(voidIndex, classes.get(voidIndex).name()));
    }
    return new LabelClasses(new ClassList(classes), Math.max(-1, voidIndex));
  }

  private static NamedClass parseClass(JsonElement element, int expected) {
    try {
      JsonObject json = element.getAsJsonObject();
      if (json.get("index").getAsInt() != expected) {
        throw new BadInputException(
            "\"classes\" entry %d has index %s; indices rise from 0 without gaps"
                .formatted(expected, json.get("index")));
      }
      JsonArray rgb = json.getAsJsonArray("rgb");
      int color = 0;
      for (int channel = 0; channel < 3; channel++) {
        int value = rgb.get(channel).getAsInt();
        if (value < 0 || value > 255 || rgb.size() != 3) {
          throw new BadInputException(
              "\"classes\" entry %d: no colour: %s".formatted(expected, rgb));
        }
        color = color << 8 | value;
      }
      return new NamedClass(json.get("name").getAsString(), color);
    } catch (BadInputException e) {
      throw e;
    } catch (RuntimeException e) {
      // Gson reports what is missing or of another kind by several unrelated exceptions.
      throw new BadInputException(
          "\"classes\" entry %d: expected \"index\", \"name\" and \"rgb\" [r, g, b], found %s"
              .formatted(expected, element),
          e);
    }
  }

  /** Writes such a file; it is whole or absent. */
  public static void write(Path file, LabelClasses content) throws IOException {
    JsonObject json = new JsonObject();
    if (content.voidIndex() >= 0) {
      json.addProperty("void_index", content.voidIndex());
    }
    JsonArray classes = new JsonArray();
    for (int i = 0; i < content.classes().size(); i++) {
      NamedClass next = content.classes().classes().get(i);
      JsonArray rgb = new JsonArray();
      for (int shift = 16; shift >= 0; shift -= 8) {
        rgb.add((next.rgb() >> shift) & 255);
      }
      JsonObject entry = new JsonObject();
      entry.addProperty("index", i);
      entry.addProperty("name", next.name());
      entry.add("rgb", rgb);
      classes.add(entry);
    }
    json.add("classes", classes);
    AtomicFile.writeString(
        file, new GsonBuilder().setPrettyPrinting().create().toJson(json) + "\n");
  }
}
