package dev.eigenseg.api;

import com.google.gson.GsonBuilder;
import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import dev.eigenseg.api.ClassList.NamedClass;
import dev.eigenseg.api.internal.file.AtomicFile;
import dev.eigenseg.api.internal.file.JsonText;
import dev.eigenseg.api.internal.file.RegularFile;
import java.io.IOException;
import java.nio.charset.CharacterCodingException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.OptionalInt;
import java.util.Set;

/** Reads and writes {@code classes.json}: the classes of a data set, as used beside label maps. */
public final class ClassFiles {
  private static final String EXAMPLE =
      "{\"void_index\": 255, \"classes\": [{\"index\": 0, \"name\": \"road\", \"rgb\": [128, 64, 128]}, ...]}";

  private ClassFiles() {}

  /**
   * What such a file says.
   *
   * @param classes the classes, in index order
   * @param voidIndex the label value to be ignored, or -1 if there is none
   * @param firstIndex the label value of the first class, 0 or 1; the others follow without gaps
   * @param voidRgb the colour to be ignored in label maps of colours, {@code 0xRRGGBB}, if there is
   *     one
   */
  public record LabelClasses(
      ClassList classes, int voidIndex, int firstIndex, OptionalInt voidRgb) {
    /** Classes from 0, without a colour for void. */
    public LabelClasses(ClassList classes, int voidIndex) {
      this(classes, voidIndex, 0, OptionalInt.empty());
    }
  }

  /**
   * Reads a file of the form {@code {"void_index": 11, "classes": [{"index": 0, "name": "Sky",
   * "rgb": [128, 128, 128]}, ...]}}; other members are passed over. Indices rise from 0, or from 1
   * where 0 is void. Label maps of colours may say by {@code "void_rgb": [0, 0, 0]} which colour is
   * void.
   *
   * @throws BadInputException if there is no such file, or it says something else; the message
   *     names the place
   */
  public static LabelClasses read(Path file) throws IOException {
    try {
      return parse(RegularFile.text(file), file.toString());
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
              + ": expected an object with \"classes\" and, if labels may be void, \"void_index\": "
              + EXAMPLE,
          e);
    }
  }

  private static LabelClasses parse(JsonObject json) {
    JsonArray array = json.getAsJsonArray("classes");
    List<NamedClass> classes = new ArrayList<>();
    Set<String> names = new HashSet<>();
    int voidIndex = json.has("void_index") ? json.get("void_index").getAsInt() : -1;
    int first = voidIndex == 0 ? 1 : 0;
    for (int i = 0; i < array.size(); i++) {
      NamedClass next = parseClass(array.get(i), i, first);
      if (!names.add(next.name())) {
        throw new BadInputException("two classes are called '" + next.name() + "'");
      }
      classes.add(next);
    }
    if (classes.isEmpty()) {
      throw new BadInputException("\"classes\" is empty");
    }
    if (voidIndex >= first && voidIndex - first < classes.size()) {
      throw new BadInputException(
          "\"void_index\" %d is also the index of class '%s'"
              .formatted(voidIndex, classes.get(voidIndex - first).name()));
    }
    OptionalInt voidRgb =
        json.has("void_rgb")
            ? OptionalInt.of(color(json.getAsJsonArray("void_rgb"), "\"void_rgb\""))
            : OptionalInt.empty();
    return new LabelClasses(new ClassList(classes), Math.max(-1, voidIndex), first, voidRgb);
  }

  private static int color(JsonArray rgb, String where) {
    int color = 0;
    for (int channel = 0; channel < 3; channel++) {
      int value = rgb.get(channel).getAsInt();
      if (value < 0 || value > 255 || rgb.size() != 3) {
        throw new BadInputException("%s: no colour: %s".formatted(where, rgb));
      }
      color = color << 8 | value;
    }
    return color;
  }

  private static NamedClass parseClass(JsonElement element, int expected, int first) {
    try {
      JsonObject json = element.getAsJsonObject();
      if (json.get("index").getAsInt() != first + expected) {
        throw new BadInputException(
            "\"classes\" entry %d has index %s; indices rise from 0, or from 1 where 0 is void, without gaps"
                .formatted(expected, json.get("index")));
      }
      return new NamedClass(
          json.get("name").getAsString(),
          color(json.getAsJsonArray("rgb"), "\"classes\" entry %d".formatted(expected)));
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
    content.voidRgb().ifPresent(rgb -> json.add("void_rgb", rgb(rgb)));
    JsonArray classes = new JsonArray();
    for (int i = 0; i < content.classes().size(); i++) {
      NamedClass next = content.classes().classes().get(i);
      JsonObject entry = new JsonObject();
      entry.addProperty("index", content.firstIndex() + i);
      entry.addProperty("name", next.name());
      entry.add("rgb", rgb(next.rgb()));
      classes.add(entry);
    }
    json.add("classes", classes);
    AtomicFile.writeString(
        file, new GsonBuilder().setPrettyPrinting().create().toJson(json) + "\n");
  }

  private static JsonArray rgb(int color) {
    JsonArray rgb = new JsonArray();
    for (int shift = 16; shift >= 0; shift -= 8) {
      rgb.add((color >> shift) & 255);
    }
    return rgb;
  }
}
