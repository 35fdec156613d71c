package dev.eigenseg.infer;

import com.google.gson.Gson;
import com.google.gson.JsonObject;
import com.google.gson.JsonParseException;
import dev.eigenseg.api.BadInputException;
import dev.eigenseg.api.ClusterNames;
import dev.eigenseg.api.CorruptFileException;
import dev.eigenseg.api.ModelInfo;
import dev.eigenseg.api.Provenance;
import dev.eigenseg.api.internal.file.Hashes;
import dev.eigenseg.api.internal.file.SafeTensors;
import dev.eigenseg.api.internal.file.SafeTensorsWriter;
import dev.eigenseg.api.tensor.Tensor;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.SequencedMap;

/**
 * Owns the mapping of a segmenter file: one safetensors file with psi, the centroids, or both as
 * tensors. Its metadata holds {@code format} and {@code version}, the configuration, the stored
 * names and the provenance as JSON, and a CRC32C of each of these and of every tensor. Thread-safe.
 */
public final class SegmenterFile implements AutoCloseable {
  static final String FORMAT = "eigenseg-segmenter";
  private static final String VERSION = "1";
  private static final Gson GSON = new Gson();

  private final SafeTensors file;
  private final SegmenterModel model;

  private SegmenterFile(SafeTensors file, SegmenterModel model) {
    this.file = file;
    this.model = model;
  }

  /**
   * Writes a model. The target is replaced as a whole or not at all.
   *
   * @throws IOException if the disk is full or the folder cannot be written; nothing half written
   *     remains
   */
  public static void write(Path target, SegmenterModel model) throws IOException {
    Map<String, String> parts = new LinkedHashMap<>();
    parts.put("config", ModelJson.config(model).toString());
    model.info().names().ifPresent(names -> parts.put("names", ModelJson.names(names).toString()));
    parts.put("provenance", model.provenance().toJson().toString());
    JsonObject checksums = new JsonObject();
    parts.forEach((name, text) -> checksums.addProperty(name, checksum(text)));
    model
        .tensors()
        .forEach((name, tensor) -> checksums.addProperty(name, checksum(tensor.segment())));
    // The format comes first, so that it is found without reading the whole header.
    Map<String, String> metadata = new LinkedHashMap<>();
    metadata.put("format", FORMAT);
    metadata.put("version", VERSION);
    metadata.putAll(parts);
    metadata.put("crc32c", checksums.toString());
    SafeTensorsWriter.write(target, metadata, model.tensors());
  }

  /**
   * Opens a file, mapped read-only, and checks it as a whole.
   *
   * @return a file that the caller owns
   * @throws CorruptFileException if it is truncated or damaged, of another format or of a version
   *     that is not known here
   */
  public static SegmenterFile open(Path path) throws IOException {
    SafeTensors file;
    try {
      file = SafeTensors.open(path);
    } catch (CorruptFileException e) {
      throw new CorruptFileException(e.getMessage() + "; copy it again or train anew", e);
    }
    try {
      return new SegmenterFile(file, read(path, file));
    } catch (RuntimeException | Error e) {
      file.close();
      throw e;
    }
  }

  /**
   * Stores names for the clusters in a model file, in place of earlier ones. The file is replaced
   * as a whole or not at all.
   *
   * @throws IllegalArgumentException if there are names for another number of clusters
   */
  public static void storeNames(Path model, ClusterNames names) throws IOException {
    try (SegmenterFile file = open(model)) {
      write(model, file.model().withNames(names));
    }
  }

  /** What the model says of itself. */
  public ModelInfo info() {
    return model.info();
  }

  /** The model; its tensors are views of the mapping and end with {@link #close()}. */
  public SegmenterModel model() {
    return model;
  }

  @Override
  public void close() {
    file.close();
  }

  private static SegmenterModel read(Path path, SafeTensors file) {
    Map<String, String> metadata = file.metadata();
    String format = metadata.getOrDefault("format", "none");
    if (!format.equals(FORMAT)) {
      throw new CorruptFileException(
          "%s is no segmenter: its format is '%s', expected '%s'; make one with 'eigenseg train'"
              .formatted(path, format, FORMAT));
    }
    String version = metadata.getOrDefault("version", "none");
    if (!version.equals(VERSION)) {
      throw new CorruptFileException(
          "%s has format version %s, this Eigenseg reads version %s; use the release that wrote it"
              .formatted(path, version, VERSION));
    }
    try {
      JsonObject checksums = json(metadata, "crc32c");
      for (String part : metadata.keySet()) {
        if (!part.equals("format") && !part.equals("version") && !part.equals("crc32c")) {
          verify(checksums, part, checksum(metadata.get(part)));
        }
      }
      SequencedMap<String, Tensor> tensors = new LinkedHashMap<>();
      for (String name : file.names()) {
        Tensor tensor = file.tensor(name);
        verify(checksums, name, checksum(tensor.segment()));
        tensors.put(name, tensor);
      }
      return model(metadata, tensors);
    } catch (IllegalArgumentException
        | JsonParseException
        | BadInputException
        | CorruptFileException e) {
      throw new CorruptFileException(
          "%s is damaged: %s; copy it again or train anew".formatted(path, e.getMessage()), e);
    }
  }

  private static SegmenterModel model(
      Map<String, String> metadata, SequencedMap<String, Tensor> tensors) {
    ModelJson.Config config = ModelJson.config(json(metadata, "config"));
    Provenance provenance = Provenance.fromJson(json(metadata, "provenance"));
    SegmenterModel model =
        new SegmenterModel(
            config.info(),
            config.dims(),
            config.scales(),
            config.psi(),
            config.normalizeRows(),
            config.logitDivisor(),
            provenance,
            tensors);
    Optional<ClusterNames> names =
        metadata.containsKey("names")
            ? Optional.of(ModelJson.names(json(metadata, "names")))
            : Optional.empty();
    return names.map(model::withNames).orElse(model);
  }

  private static JsonObject json(Map<String, String> metadata, String key) {
    String text = metadata.get(key);
    if (text == null) {
      throw new IllegalArgumentException("its metadata has no '" + key + "'");
    }
    JsonObject json = GSON.fromJson(text, JsonObject.class);
    if (json == null) {
      throw new IllegalArgumentException("'" + key + "' is empty");
    }
    return json;
  }

  private static void verify(JsonObject checksums, String part, String found) {
    String expected = checksums.has(part) ? checksums.get(part).getAsString() : "none";
    if (!expected.equals(found)) {
      throw new IllegalArgumentException(
          "the CRC32C of '%s' is %s, expected %s".formatted(part, found, expected));
    }
  }

  private static String checksum(String text) {
    byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment segment = arena.allocate(Math.max(1, bytes.length)).asSlice(0, bytes.length);
      MemorySegment.copy(bytes, 0, segment, ValueLayout.JAVA_BYTE, 0, bytes.length);
      return checksum(segment);
    }
  }

  private static String checksum(MemorySegment segment) {
    return "%08x".formatted(Hashes.crc32c(segment));
  }
}
