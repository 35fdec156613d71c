package dev.eigenseg.cli.input;

import com.google.gson.Gson;
import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import dev.eigenseg.cli.session.Nearest;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.Reader;
import java.io.UncheckedIOException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/**
 * The published checkpoints that {@code eigenseg weights} knows by name: facts of their model pages
 * as seen in stored copies. A hash that no page showed is absent, never guessed.
 */
public final class Catalogue {
  /** Where the names stand for repositories of one checkpoint each. */
  public static final URI ORIGIN = URI.create("https://huggingface.co/timm");

  private static final String RESOURCE = "weights.json";
  private static final int SHOWN = 3;

  private Catalogue() {}

  /**
   * One checkpoint.
   *
   * @param name timm's name of architecture and training
   * @param what in words
   * @param licence its SPDX identifier, or the name on its page where SPDX has none
   * @param megabytes rounded, to know what one is in for
   * @param sha256 of {@code model.safetensors}, where published
   */
  public record Entry(
      String name, String what, String licence, int megabytes, Optional<String> sha256) {
    /** Its file at the origin. */
    URI url() {
      return fileAt(ORIGIN, name);
    }

    public JsonObject toJson() {
      JsonObject json = new JsonObject();
      json.addProperty("name", name);
      json.addProperty("what", what);
      json.addProperty("licence", licence);
      json.addProperty("megabytes", megabytes);
      json.addProperty("url", url().toString());
      sha256.ifPresent(hash -> json.addProperty("sha256", hash));
      return json;
    }
  }

  /** The file of a name on a server that is laid out like the origin. */
  public static URI fileAt(URI base, String name) {
    String text = base.toString();
    return URI.create(
        (text.endsWith("/") ? text : text + "/") + name + "/resolve/main/model.safetensors");
  }

  /** All entries, in the order in which they are listed. */
  public static List<Entry> entries() {
    List<Entry> entries = new ArrayList<>();
    for (JsonElement element : read()) {
      JsonObject json = element.getAsJsonObject();
      entries.add(
          new Entry(
              json.get("name").getAsString(),
              json.get("what").getAsString(),
              json.get("licence").getAsString(),
              json.get("megabytes").getAsInt(),
              Optional.ofNullable(json.get("sha256")).map(JsonElement::getAsString)));
    }
    return entries;
  }

  /** The entry of a name. */
  public static Optional<Entry> find(String name) {
    return entries().stream().filter(entry -> entry.name().equals(name)).findFirst();
  }

  /**
   * The names that somebody may have meant: those that hold all words of a text, else those that
   * are a few typing mistakes away.
   */
  public static List<String> meant(String text) {
    List<String> alike = like(text).stream().map(Entry::name).limit(SHOWN).toList();
    return alike.isEmpty() ? Nearest.of(text, entries().stream().map(Entry::name).toList()) : alike;
  }

  /** The entries whose names hold all words of a text, such as {@code "dinov2 small"}. */
  static List<Entry> like(String text) {
    List<String> words =
        Arrays.stream(text.toLowerCase(Locale.ROOT).split("[^a-z0-9]+"))
            .filter(word -> !word.isEmpty())
            .toList();
    return words.isEmpty()
        ? List.of()
        : entries().stream()
            .filter(entry -> words.stream().allMatch(entry.name()::contains))
            .toList();
  }

  /** The entry of a hash. */
  public static Optional<Entry> withHash(String sha256) {
    return entries().stream()
        .filter(entry -> entry.sha256().filter(sha256::equals).isPresent())
        .findFirst();
  }

  private static JsonArray read() {
    try (InputStream in = Catalogue.class.getResourceAsStream(RESOURCE)) {
      if (in == null) {
        throw new IllegalStateException(RESOURCE + " is missing in this build");
      }
      Reader reader = new InputStreamReader(in, StandardCharsets.UTF_8);
      return new Gson().fromJson(reader, JsonArray.class);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
