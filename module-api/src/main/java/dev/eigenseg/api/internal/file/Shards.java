package dev.eigenseg.api.internal.file;

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
import java.util.SortedSet;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The files of a checkpoint that is stored in several, as Hugging Face's libraries do: {@code
 * NAME-00001-of-00003.safetensors} and so on, with {@code NAME.safetensors.index.json} beside them.
 */
public final class Shards {
  private static final String INDEX = ".index.json";
  private static final String SUFFIX = ".safetensors";
  private static final Pattern SHARD = Pattern.compile("(.+)-(\\d{5})-of-(\\d{5})\\.safetensors");
  private static final Pattern PLAIN_NAME = Pattern.compile("[^/\\\\\\x00]+");

  private Shards() {}

  /** Whether a file is an index of shards, by its name. */
  public static boolean isIndex(Path file) {
    return name(file).endsWith(INDEX);
  }

  // A root has none.
  private static String name(Path file) {
    RegularFile.require(file);
    return file.getFileName().toString();
  }

  /**
   * The files that hold a checkpoint's tensors: those that an index names, those that belong to a
   * shard, or the file itself.
   *
   * @param file an index, any shard, or a file that is whole
   * @return in the order of their names
   * @throws BadInputException if a shard is missing, or the index is none
   */
  public static List<Path> of(Path file) throws IOException {
    if (isIndex(file)) {
      return indexed(file);
    }
    Matcher shard = SHARD.matcher(name(file));
    if (!shard.matches()) {
      return List.of(file);
    }
    Path index = file.resolveSibling(shard.group(1) + SUFFIX + INDEX);
    if (Files.isRegularFile(index)) {
      List<Path> named = indexed(index);
      if (named.contains(file)) {
        return named;
      }
    }
    return numbered(file, shard.group(1), Integer.parseInt(shard.group(3)));
  }

  /** The end of a checkpoint's name that is not its own: of an index and of a shard too. */
  public static String stem(Path file) {
    String name = name(file);
    Matcher shard = SHARD.matcher(name);
    if (shard.matches()) {
      return shard.group(1);
    }
    String whole = name.endsWith(INDEX) ? name.substring(0, name.length() - INDEX.length()) : name;
    int dot = whole.lastIndexOf('.');
    return dot > 0 ? whole.substring(0, dot) : whole;
  }

  /**
   * The SHA-256 of a checkpoint: of a single file that of its content; of shards that of the text
   * of their hashes, one a line, in the order of their names. It is the same for the index and each
   * shard.
   *
   * @throws BadInputException as {@link #of}
   */
  public static String sha256(Path file) throws IOException {
    List<Path> files = of(file);
    if (files.size() == 1) {
      return Hashes.sha256(files.getFirst());
    }
    StringBuilder hashes = new StringBuilder();
    for (Path shard : files) {
      hashes.append(Hashes.sha256(shard)).append('\n');
    }
    return Hashes.sha256(hashes.toString());
  }

  private static List<Path> numbered(Path file, String stem, int count) {
    List<Path> files = new ArrayList<>();
    List<String> missing = new ArrayList<>();
    for (int i = 1; i <= count; i++) {
      Path shard = file.resolveSibling("%s-%05d-of-%05d%s".formatted(stem, i, count, SUFFIX));
      if (Files.isRegularFile(shard)) {
        files.add(shard);
      } else if (missing.size() < 4) {
        missing.add(shard.getFileName().toString());
      }
    }
    requireAll(file, missing);
    return files;
  }

  private static void requireAll(Path file, List<String> missing) {
    if (!missing.isEmpty()) {
      throw new BadInputException(
          "%s is a part of a checkpoint in several files, of which these are missing beside it: %s; put all of them into one folder"
              .formatted(file, String.join(", ", missing)));
    }
  }

  private static List<Path> indexed(Path index) throws IOException {
    SortedSet<String> names = new TreeSet<>();
    for (JsonElement name : weightMap(index).asMap().values()) {
      if (!name.isJsonPrimitive() || !PLAIN_NAME.matcher(name.getAsString()).matches()) {
        throw new BadInputException(
            "%s names the file %s; expected names of files beside it".formatted(index, name));
      }
      names.add(name.getAsString());
    }
    List<Path> files = new ArrayList<>();
    List<String> missing = new ArrayList<>();
    for (String name : names) {
      if (!name.endsWith(SUFFIX)) {
        throw new BadInputException(
            ("%s is an index of '%s', which is no safetensors file; the same model is often published as "
                    + "model.safetensors.index.json, else save it again with safe_serialization=True")
                .formatted(index, name));
      }
      Path file = index.resolveSibling(name);
      if (Files.isRegularFile(file)) {
        files.add(file);
      } else if (missing.size() < 4) {
        missing.add(name);
      }
    }
    requireAll(index, missing);
    return files;
  }

  private static JsonObject weightMap(Path index) throws IOException {
    try {
      JsonElement json = JsonParser.parseString(RegularFile.text(index));
      if (json.isJsonObject()
          && json.getAsJsonObject().get("weight_map") instanceof JsonObject map
          && !map.isEmpty()) {
        return map;
      }
    } catch (JsonParseException e) {
      throw new BadInputException(
          "%s is no JSON: %s; download it again".formatted(index, e.getMessage()), e);
    }
    throw new BadInputException(
        "%s is no index of shards: it has no 'weight_map'; give a .safetensors file"
            .formatted(index));
  }
}
