package dev.eigenseg.train.dataset;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import dev.eigenseg.api.ClassFiles;
import dev.eigenseg.api.ClassList;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.OptionalInt;

/**
 * The classes of a published protocol, and which of them the values in the dataset's label files
 * stand for. Read from a resource that is a {@code classes.json} with three members more: each
 * class's {@code labels}, the {@code void_labels}, and how many {@code images} a split has.
 * Immutable and thread-safe.
 */
final class PublishedLabels {
  private static final int VALUES = 1 << Byte.SIZE;
  private static final char UNKNOWN = Character.MAX_VALUE;

  private final String name;
  private final ClassFiles.LabelClasses classes;
  private final char[] indexOf = new char[VALUES];
  private final JsonObject images;

  private PublishedLabels(String name, ClassFiles.LabelClasses classes, JsonObject json) {
    this.name = name;
    this.classes = classes;
    this.images = json.has("images") ? json.getAsJsonObject("images") : new JsonObject();
    Arrays.fill(indexOf, UNKNOWN);
    fill(json.getAsJsonArray("void_labels"), classes.voidIndex());
    for (JsonElement element : json.getAsJsonArray("classes")) {
      JsonObject next = element.getAsJsonObject();
      fill(next.getAsJsonArray("labels"), next.get("index").getAsInt());
    }
  }

  private void fill(JsonArray labels, int index) {
    for (JsonElement label : labels) {
      int value = label.getAsInt();
      if (indexOf[value] != UNKNOWN) {
        throw new IllegalStateException("%s lists the label %d twice".formatted(name, value));
      }
      indexOf[value] = (char) index;
    }
  }

  /** Reads the resource of a protocol, such as {@code "ade20k"}. */
  static PublishedLabels of(String name) {
    String resource = name + ".json";
    try (InputStream in = PublishedLabels.class.getResourceAsStream(resource)) {
      if (in == null) {
        throw new IllegalArgumentException("no labels are built in for '" + name + "'");
      }
      String text = new String(in.readAllBytes(), StandardCharsets.UTF_8);
      return new PublishedLabels(
          name, ClassFiles.parse(text, resource), JsonParser.parseString(text).getAsJsonObject());
    } catch (IOException e) {
      throw new UncheckedIOException("the built-in " + resource, e);
    }
  }

  /** The protocol. */
  String name() {
    return name;
  }

  /** The classes, in the order of their indices. */
  ClassList classes() {
    return classes.classes();
  }

  /** What {@link #indices} makes of pixels that do not count. */
  int voidIndex() {
    return classes.voidIndex();
  }

  /** The lowest label that stands for a class. */
  int label(int index) {
    int label = 0;
    while (indexOf[label] != index) {
      label++;
    }
    return label;
  }

  /** How many images a split has as published, if that is fixed. */
  OptionalInt images(String split) {
    return images.has(split) ? OptionalInt.of(images.get(split).getAsInt()) : OptionalInt.empty();
  }

  /**
   * Class indices for the values of a label file.
   *
   * @param file where they come from, for the message
   * @throws dev.eigenseg.api.BadInputException if there is a value that is none of the dataset's
   */
  LabelMap indices(LabelMap values, Path file) {
    return values.map(
        value -> value < VALUES && indexOf[value] != UNKNOWN ? indexOf[value] : -1,
        file,
        "which is no label of %s; take the label file of the dataset as published".formatted(name));
  }
}
