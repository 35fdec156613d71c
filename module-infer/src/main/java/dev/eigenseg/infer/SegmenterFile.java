package dev.eigenseg.infer;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParseException;
import com.google.gson.JsonParser;
import dev.eigenseg.api.Backbone;
import dev.eigenseg.api.Backbones;
import dev.eigenseg.api.BadInputException;
import dev.eigenseg.api.ClusterNames;
import dev.eigenseg.api.CorruptFileException;
import dev.eigenseg.api.Dendrogram;
import dev.eigenseg.api.IncompatibleException;
import dev.eigenseg.api.ModelInfo;
import dev.eigenseg.api.Provenance;
import dev.eigenseg.api.internal.file.Hashes;
import dev.eigenseg.api.internal.file.OutputLock;
import dev.eigenseg.api.internal.file.RecordedBackbone;
import dev.eigenseg.api.internal.file.RegularFile;
import dev.eigenseg.api.internal.file.SafeTensors;
import dev.eigenseg.api.internal.file.SafeTensorsWriter;
import dev.eigenseg.api.internal.file.Shards;
import dev.eigenseg.api.tensor.Tensor;
import dev.eigenseg.infer.vit.VitBackbone;
import dev.eigenseg.infer.vit.VitCheckpoint;
import java.io.IOException;
import java.io.InputStream;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.SequencedMap;
import java.util.Set;

/**
 * Owns the mapping of a segmenter file: one safetensors file with psi, the centroids, or both as
 * tensors. Its metadata holds {@code format} and {@code version}, the configuration, the stored
 * names, the {@linkplain Dendrogram merges} of clusters and the provenance as JSON, and a CRC32C of
 * each of these and of every tensor. Thread-safe.
 *
 * <p>A file may embed its backbone: then the tensors of the checkpoint stand in it too, in their
 * own element types under their own names after {@value #BACKBONE}, and its version is 2. Files
 * without one stay version 1, which earlier releases read.
 */
public final class SegmenterFile implements AutoCloseable {
  static final String FORMAT = "eigenseg-segmenter";

  // The format stands at the very beginning of the metadata, which is the beginning of the header.
  private static final int HEADER_PREFIX = 4096;

  /** What the names of an embedded backbone's tensors begin with. */
  static final String BACKBONE = "backbone.";

  // Only models that know it have it; releases that do not know it compare its checksum and go on.
  private static final String MERGES = "merges";
  private static final String VIT = "vit";
  private static final String VERSION = "1";
  private static final String VERSION_WITH_BACKBONE = "2";
  private static final Set<String> VERSIONS = Set.of(VERSION, VERSION_WITH_BACKBONE);

  /** Of which tensors the checksums are compared at opening; those of the metadata always are. */
  private enum Checked {
    NOTHING,
    MODEL,
    BACKBONE,
    ALL;

    boolean includes(String tensor) {
      return this == ALL || this == (tensor.startsWith(SegmenterFile.BACKBONE) ? BACKBONE : MODEL);
    }
  }

  private final SafeTensors file;
  private final SegmenterModel model;
  private final SequencedMap<String, Tensor> backbone;

  private SegmenterFile(
      SafeTensors file, SegmenterModel model, SequencedMap<String, Tensor> backbone) {
    this.file = file;
    this.model = model;
    this.backbone = Collections.unmodifiableSequencedMap(backbone);
  }

  /**
   * Writes a model, without its backbone. The target is replaced as a whole or not at all.
   *
   * @throws IOException if the disk is full or the folder cannot be written; nothing half written
   *     remains
   */
  public static void write(Path target, SegmenterModel model) throws IOException {
    write(target, model, new LinkedHashMap<>());
  }

  /**
   * Writes a model and its backbone as one file, straight from the mappings of both.
   *
   * @param model a segmenter file; one that embeds its backbone already is written anew
   * @param weights the checkpoint that the model was trained on
   * @param target may be {@code model}; replaced as a whole or not at all
   * @throws IncompatibleException if the model was trained on another backbone, or on one that
   *     cannot be embedded
   */
  public static void embed(Path model, Path weights, Path target) throws IOException {
    try (SegmenterFile file = open(model)) {
      ModelInfo info = file.info();
      requireEmbeddable(model, info.backboneSpec());
      String sha256 = Shards.sha256(weights);
      if (!sha256.equals(info.backboneSha256())) {
        throw new IncompatibleException(
            "%s was trained on backbone '%s' with SHA-256 %s, but %s has %s; give the right file"
                .formatted(model, info.backboneId(), info.backboneSha256(), weights, sha256));
      }
      try (VitCheckpoint checkpoint = VitCheckpoint.open(weights, info.backboneSettings());
          Arena arena = Arena.ofShared()) {
        SequencedMap<String, Tensor> tensors = new LinkedHashMap<>();
        checkpoint // a class head has no shape there: psi does not need it
            .config()
            .weightShapes()
            .keySet()
            .forEach(name -> tensors.put(name, checkpoint.tensor(name, arena)));
        write(target, file.model(), tensors);
      }
    }
  }

  /**
   * Refuses backbones that {@link #embed} cannot embed.
   *
   * @param file the model, or the bank that it is to be trained on
   * @param spec of its backbone
   * @throws IncompatibleException if the backbone has no weights, or other than a checkpoint's
   */
  public static void requireEmbeddable(Path file, String spec) {
    if (spec.startsWith(VIT + ":")) {
      return;
    }
    throw new IncompatibleException(
        spec.contains(":")
            ? ("%s was made with '%s', which cannot be embedded: only a Vision Transformer's "
                    + "safetensors file (%s:FILE) can; ship its file beside the model")
                .formatted(file, RecordedBackbone.of(spec), VIT)
            : "%s was made with '%s', which has no weights to embed: a model is one file as it is"
                .formatted(file, RecordedBackbone.of(spec)));
  }

  private static void write(
      Path target, SegmenterModel model, SequencedMap<String, Tensor> backbone) throws IOException {
    SequencedMap<String, Tensor> tensors = new LinkedHashMap<>(model.tensors());
    backbone.forEach((name, tensor) -> tensors.put(BACKBONE + name, tensor));
    Map<String, String> parts = new LinkedHashMap<>();
    parts.put("config", ModelJson.config(model).toString());
    model.info().names().ifPresent(names -> parts.put("names", ModelJson.names(names).toString()));
    model
        .info()
        .dendrogram()
        .ifPresent(merges -> parts.put(MERGES, ModelJson.dendrogram(merges).toString()));
    parts.put("provenance", model.provenance().toJson().toString());
    JsonObject checksums = new JsonObject();
    parts.forEach((name, text) -> checksums.addProperty(name, checksum(text)));
    tensors.forEach((name, tensor) -> checksums.addProperty(name, checksum(tensor.segment())));
    // The format comes first, so that it is found without reading the whole header.
    Map<String, String> metadata = new LinkedHashMap<>();
    metadata.put("format", FORMAT);
    metadata.put("version", backbone.isEmpty() ? VERSION : VERSION_WITH_BACKBONE);
    metadata.putAll(parts);
    metadata.put("crc32c", checksums.toString());
    SafeTensorsWriter.write(target, metadata, tensors);
  }

  /** Whether a file is a segmenter, by its first bytes; whether it is whole is not looked at. */
  public static boolean recognises(Path model) throws IOException {
    byte[] prefix;
    try (InputStream in = RegularFile.stream(model)) {
      prefix = in.readNBytes(Long.BYTES + HEADER_PREFIX);
    }
    if (prefix.length < Long.BYTES) {
      return false;
    }
    long headerBytes = ByteBuffer.wrap(prefix).order(ByteOrder.LITTLE_ENDIAN).getLong(0);
    int length = Math.clamp(headerBytes, 0, prefix.length - Long.BYTES);
    return new String(prefix, Long.BYTES, length, StandardCharsets.UTF_8)
        .contains("\"" + FORMAT + "\"");
  }

  /**
   * Opens a file, mapped read-only, and checks it as a whole.
   *
   * @return a file that the caller owns
   * @throws CorruptFileException if it is truncated or damaged, of another format or of a version
   *     that is not known here
   */
  public static SegmenterFile open(Path path) throws IOException {
    return open(path, Checked.ALL);
  }

  /** As {@link #open}, but only the metadata is checked: no weight is read. */
  static SegmenterFile openUnchecked(Path path) throws IOException {
    return open(path, Checked.NOTHING);
  }

  /** As {@link #open}, but an embedded backbone is not checked. */
  public static SegmenterFile openModel(Path path) throws IOException {
    return open(path, Checked.MODEL);
  }

  /** As {@link #open}, but the model's own weights are not checked. */
  static SegmenterFile openBackbone(Path path) throws IOException {
    return open(path, Checked.BACKBONE);
  }

  private static SegmenterFile open(Path path, Checked checked) throws IOException {
    SafeTensors file;
    try {
      file = SafeTensors.open(path);
    } catch (CorruptFileException e) {
      throw new CorruptFileException(e.getMessage() + "; copy it again or train anew", e);
    }
    try {
      return read(path, file, checked);
    } catch (RuntimeException | Error e) {
      file.close();
      throw e;
    }
  }

  /**
   * What a model says of itself; no weight is read.
   *
   * @throws CorruptFileException as {@link #open} does
   */
  public static ModelInfo info(Path model) throws IOException {
    try (SegmenterFile file = openUnchecked(model)) {
      return file.info();
    }
  }

  /**
   * Opens the backbone that a model embeds.
   *
   * @return a backbone that the caller owns, or empty if the model embeds none
   * @throws CorruptFileException if its weights are damaged
   */
  public static Optional<Backbone> embeddedBackbone(Path model) throws IOException {
    try (SegmenterFile file = openBackbone(model)) {
      if (file.backbone().isEmpty()) {
        return Optional.empty();
      }
      // It is the backbone of training, known by the hash of the file that it came from; the bytes
      // here have checksums of their own.
      ModelInfo info = file.info();
      return Optional.of(
          Backbones.looking(
              info.backboneSettings(),
              settings -> {
                try (VitCheckpoint checkpoint =
                    VitCheckpoint.borrow(file.mapping(), BACKBONE, settings)) {
                  return new VitBackbone(checkpoint, info.backboneId(), info::backboneSha256);
                }
              }));
    }
  }

  /**
   * The {@link SegmenterModel#fingerprint()} of a model file.
   *
   * @throws BadInputException if there is no such file, or it is no segmenter
   * @throws CorruptFileException as {@link #openModel} does
   */
  public static String fingerprint(Path model) throws IOException {
    if (Files.notExists(model)) {
      throw new BadInputException(
          model + ": there is no such model file; check the path, or make one with train");
    }
    if (!recognises(model)) {
      throw new BadInputException(
          model + ": not a segmenter file of a known format; give a file that train wrote");
    }
    try (SegmenterFile file = openModel(model)) {
      return file.model().fingerprint();
    }
  }

  /**
   * Stores names for the clusters in a model file, in place of earlier ones. An embedded backbone
   * is kept. The file is replaced as a whole or not at all.
   *
   * @param fingerprint of the model that was named, see {@link SegmenterModel#fingerprint()}
   * @throws IncompatibleException if another model has taken its place meanwhile
   * @throws IllegalArgumentException if there are names for another number of clusters
   */
  public static void storeNames(Path model, String fingerprint, ClusterNames names)
      throws IOException {
    try (OutputLock _ = OutputLock.ofFile(model);
        SegmenterFile file = open(model)) {
      file.requireSame(model, fingerprint);
      write(model, file.model().withNames(names), file.backbone);
    }
  }

  /**
   * Stores how the clusters merge, in place of what was known before. An embedded backbone is kept.
   * The file is replaced as a whole or not at all.
   *
   * @param fingerprint of the model whose clusters they are, see {@link
   *     SegmenterModel#fingerprint()}
   * @throws IncompatibleException if another model has taken its place meanwhile
   * @throws IllegalArgumentException if the merges are of another number of clusters
   */
  public static void storeDendrogram(Path model, String fingerprint, Dendrogram dendrogram)
      throws IOException {
    try (OutputLock _ = OutputLock.ofFile(model);
        SegmenterFile file = open(model)) {
      file.requireSame(model, fingerprint);
      write(model, file.model().withDendrogram(dendrogram), file.backbone);
    }
  }

  private void requireSame(Path path, String fingerprint) {
    if (!model.fingerprint().equals(fingerprint)) {
      throw new IncompatibleException(
          path
              + ": another model was written there meanwhile, and its clusters are others; repeat the command");
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

  /**
   * The weights of the embedded backbone by their names in its checkpoint; empty if there is none.
   * Views of the mapping, which end with {@link #close()}.
   */
  public SequencedMap<String, Tensor> backbone() {
    return backbone;
  }

  /** The mapping; borrowed. */
  SafeTensors mapping() {
    return file;
  }

  @Override
  public void close() {
    file.close();
  }

  private static SegmenterFile read(Path path, SafeTensors file, Checked checked) {
    Map<String, String> metadata = file.metadata();
    String format = metadata.getOrDefault("format", "none");
    if (!format.equals(FORMAT)) {
      throw new CorruptFileException(
          "%s is no segmenter: its format is '%s', expected '%s'; make one with 'eigenseg train'"
              .formatted(path, format, FORMAT));
    }
    String version = metadata.getOrDefault("version", "none");
    if (!VERSIONS.contains(version)) {
      throw new CorruptFileException(
          "%s has format version %s, this Eigenseg reads versions %s and %s; use the release that wrote it"
              .formatted(path, version, VERSION, VERSION_WITH_BACKBONE));
    }
    try {
      JsonObject checksums = json(metadata, "crc32c");
      for (String part : metadata.keySet()) {
        if (!part.equals("format") && !part.equals("version") && !part.equals("crc32c")) {
          verify(checksums, part, checksum(metadata.get(part)));
        }
      }
      SequencedMap<String, Tensor> tensors = new LinkedHashMap<>();
      SequencedMap<String, Tensor> backbone = new LinkedHashMap<>();
      for (String name : file.names()) {
        Tensor tensor = file.tensor(name);
        if (checked.includes(name)) {
          verify(checksums, name, checksum(tensor.segment()));
          SafeTensors.release(tensor.segment());
        }
        boolean embedded = name.startsWith(BACKBONE);
        (embedded ? backbone : tensors)
            .put(embedded ? name.substring(BACKBONE.length()) : name, tensor);
      }
      if (backbone.isEmpty() == version.equals(VERSION_WITH_BACKBONE)) {
        throw new IllegalArgumentException(
            "version " + version + " with " + backbone.size() + " tensors of a backbone");
      }
      return new SegmenterFile(file, model(metadata, tensors), backbone);
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
    SegmenterModel named = names.map(model::withNames).orElse(model);
    return metadata.containsKey(MERGES)
        ? named.withDendrogram(ModelJson.dendrogram(json(metadata, MERGES)))
        : named;
  }

  private static JsonObject json(Map<String, String> metadata, String key) {
    String text = metadata.get(key);
    if (text == null) {
      throw new IllegalArgumentException("its metadata has no '" + key + "'");
    }
    // A Gson of its own would load a hundred classes more, for 40 ms of a first mask.
    JsonElement json = JsonParser.parseString(text);
    if (json.isJsonNull()) {
      throw new IllegalArgumentException("'" + key + "' is empty");
    }
    if (!json.isJsonObject()) {
      throw new IllegalArgumentException("'" + key + "' is " + json + ", expected an object");
    }
    return json.getAsJsonObject();
  }

  private static void verify(JsonObject checksums, String part, String found) {
    String expected = checksums.has(part) ? checksums.get(part).getAsString() : "none";
    if (!expected.equals(found)) {
      throw new IllegalArgumentException(
          "the CRC32C of '%s' is %s, expected %s".formatted(part, found, expected));
    }
  }

  private static String checksum(String text) {
    return "%08x".formatted(Hashes.crc32c(text));
  }

  private static String checksum(MemorySegment segment) {
    return "%08x".formatted(Hashes.crc32c(segment));
  }
}
