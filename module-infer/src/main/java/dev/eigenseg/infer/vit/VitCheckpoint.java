package dev.eigenseg.infer.vit;

import dev.eigenseg.api.BadInputException;
import dev.eigenseg.api.internal.file.MappedPieces;
import dev.eigenseg.api.internal.file.SafeTensors;
import dev.eigenseg.api.internal.file.Shards;
import dev.eigenseg.api.internal.kernel.VectorMath;
import dev.eigenseg.api.tensor.DType;
import dev.eigenseg.api.tensor.Tensor;
import dev.eigenseg.infer.vit.TensorParts.Part;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;
import java.util.SequencedSet;

/**
 * Owns a mapping of a Vision Transformer's weights in a {@code .safetensors} file, or in the shards
 * of one, and knows how they are to be read. Or borrows the mapping, where the weights are a part
 * of a larger file. Thread-safe.
 *
 * <p>The file may have the names of timm, of Hugging Face's transformers or of the repositories of
 * DINO, DINOv2 and DINOv3, with what training code puts before them; here they are timm's. What the
 * tensors show is read from them. The rest comes from the settings, else from the {@code
 * config.json} of timm or transformers beside the file (or {@code NAME.json} beside {@code
 * NAME.safetensors}), else from timm's JSON in the file's metadata, else it is assumed and said in
 * {@link #assumptions()}.
 */
public final class VitCheckpoint implements AutoCloseable {
  private final CheckpointFiles files;
  private final VitNames translation;
  private final VitTensors tensors;
  private final VitConfig config;
  private final SequencedMap<String, String> settings;
  private final List<String> assumptions;

  private VitCheckpoint(
      CheckpointFiles files,
      Map<String, String> settings,
      PublishedConfig published,
      String where) {
    this.files = files;
    this.translation = new VitNames(files.names(), files::shape);
    List<String> assumed = new ArrayList<>();
    VitSettings given = new VitSettings(settings, published, assumed);
    if (!translation.prefix().isEmpty() && !given.recorded()) {
      int others = files.names().size() - translation.own().size();
      assumed.add(VitPrefix.sentence(translation.prefix(), others));
    }
    this.tensors = new VitTensors(where, files, translation, published.architecture());
    this.config = VitReader.read(tensors, given);
    this.settings = Collections.unmodifiableSequencedMap(VitReader.settings(config, tensors));
    this.assumptions = List.copyOf(assumed);
  }

  /**
   * Maps a file and finds out how to read it.
   *
   * @param file with all tensors, or a shard, or the index of shards
   * @param settings what the user said: {@code heads}, {@code normalization}, {@code high}, {@code
   *     eps}, {@code positions}, {@code activation}, {@code grid}, {@code rope-theta}
   * @throws BadInputException if the file holds no Vision Transformer that is supported, if it can
   *     be read in more than one way and nothing says which, or if a setting is unknown or does not
   *     fit
   * @throws dev.eigenseg.api.CorruptFileException if it is not a whole, valid safetensors file
   */
  public static VitCheckpoint open(Path file, Map<String, String> settings) throws IOException {
    CheckpointFiles mapped = CheckpointFiles.open(file);
    try {
      PublishedConfig published =
          PublishedConfig.beside(file)
              .or(() -> TimmConfig.in(mapped.metadata(), file.toString()))
              .orElse(PublishedConfig.NONE);
      return new VitCheckpoint(mapped, settings, published, file.toString());
    } catch (IOException | RuntimeException | Error e) {
      mapped.close();
      throw e;
    }
  }

  /**
   * Reads the weights whose names begin with a prefix.
   *
   * @param file borrowed: closing this does not close it
   * @param prefix such as {@code "backbone."}; dropped from the names here
   * @param settings as {@link #settings()} gave them when the weights were stored; no other
   *     configuration is looked at
   */
  public static VitCheckpoint borrow(
      SafeTensors file, String prefix, Map<String, String> settings) {
    return new VitCheckpoint(
        CheckpointFiles.borrow(file, prefix),
        settings,
        PublishedConfig.NONE,
        "'%s*' of %s".formatted(prefix, file));
  }

  /**
   * Checks that there is a file, and says what to give instead of a folder.
   *
   * @throws BadInputException if there is none
   */
  public static void requireFile(Path file) {
    if (Files.isRegularFile(file)) {
      return;
    }
    throw new BadInputException(
        Files.isDirectory(file)
            ? "%s is a folder; name the weights in it, such as %s"
                .formatted(file, file.resolve("model.safetensors"))
            : "there is no checkpoint %s; 'eigenseg weights list' shows what 'eigenseg weights pull NAME' fetches"
                .formatted(file));
  }

  /** {@code vit:} and the name of a checkpoint's file without its end, or without its number. */
  public static String id(Path file) {
    return "vit:" + Shards.stem(file);
  }

  /** The shapes and how the weights are used. */
  public VitConfig config() {
    return config;
  }

  /**
   * The names of all tensors in the file, in its order, as they are there; also of those that are
   * not used.
   */
  public SequencedSet<String> names() {
    return files.names();
  }

  /** Whether there is a tensor of this name of timm's. */
  public boolean contains(String name) {
    return tensors.has(name);
  }

  /** The element type of a tensor of the network; float32 if its parts have several. */
  public DType dtype(String name) {
    List<DType> types =
        translation.tensors().get(name).parts().stream()
            .filter(part -> !part.isZeros())
            .map(part -> files.tensor(part.name()).dtype())
            .distinct()
            .toList();
    return types.size() == 1 ? types.getFirst() : DType.F32;
  }

  /**
   * One tensor of the network, by its name in timm: float32, float16 or bfloat16.
   *
   * @param arena for what is made of several tensors of the file
   * @return borrowed, valid until the arena or the mapping is closed
   */
  public Tensor tensor(String name, Arena arena) {
    TensorParts parts = translation.tensors().get(name);
    long[] shape = tensors.shape(name);
    if (parts.whole()) {
      return files.tensor(parts.parts().getFirst().name()).reshape(shape);
    }
    DType type = dtype(name);
    if (type == DType.F32) {
      return read(name, arena);
    }
    MemorySegment memory = arena.allocate(Math.max(1, size(shape) * type.bytes()), 64);
    long offset = 0;
    for (Part part : parts.parts()) {
      if (part.isZeros()) {
        offset += part.rows() * size(shape) / shape[0] * type.bytes();
      } else {
        MemorySegment rows = rows(part).segment();
        MemorySegment.copy(rows, 0, memory, offset, rows.byteSize());
        offset += rows.byteSize();
      }
    }
    return Tensor.borrow(memory, type, shape);
  }

  /** A copy of one tensor of the network in an arena, as float32. */
  public Tensor read(String name, Arena arena) {
    long[] shape = tensors.shape(name);
    MemorySegment floats = arena.allocate(Math.max(1, size(shape) * Float.BYTES), 64);
    long offset = 0;
    for (Part part : translation.tensors().get(name).parts()) {
      if (part.isZeros()) {
        offset += part.rows() * size(shape) / shape[0] * Float.BYTES;
      } else {
        Tensor rows = rows(part);
        widen(rows, floats.asSlice(offset));
        SafeTensors.release(rows.segment());
        offset += rows.size() * Float.BYTES;
      }
    }
    return Tensor.borrow(floats, DType.F32, shape);
  }

  /** One tensor of the network where it is mapped as float32, else a copy in an arena. */
  Tensor mapped(String name, Arena arena) {
    return translation.tensors().get(name).whole() && dtype(name) == DType.F32
        ? tensor(name, arena)
        : read(name, arena);
  }

  private Tensor rows(Part part) {
    Tensor tensor = files.tensor(part.name());
    return part.rows() == Part.ALL ? tensor : tensor.slice(part.first(), part.rows());
  }

  private static long size(long[] shape) {
    long size = 1;
    for (long axis : shape) {
      size = Math.multiplyExact(size, axis);
    }
    return size;
  }

  private static void widen(Tensor source, MemorySegment target) {
    long size = source.size();
    switch (source.dtype()) {
      case F32 -> MemorySegment.copy(source.segment(), 0, target, 0, size * Float.BYTES);
      case F16, BF16 ->
          MappedPieces.forEach(
              source.segment(),
              Short.BYTES,
              (piece, offset) -> widen(source.dtype(), piece, target.asSlice(2 * offset)));
      default -> throw new IllegalArgumentException(source + " holds no weights");
    }
  }

  private static void widen(DType dtype, MemorySegment source, MemorySegment target) {
    long size = source.byteSize() / Short.BYTES;
    if (dtype == DType.F16) {
      VectorMath.best().f16ToF32(source, 0, target, 0, size);
      return;
    }
    for (long i = 0; i < size; i++) {
      int bits = source.getAtIndex(ValueLayout.JAVA_SHORT, i) << 16;
      target.setAtIndex(ValueLayout.JAVA_INT, i, bits);
    }
  }

  /**
   * The settings that give the same features from the same weights, without any other
   * configuration.
   */
  public SequencedMap<String, String> settings() {
    return settings;
  }

  /**
   * What was assumed because nothing said it, and what was left out of the names; a sentence each.
   */
  public List<String> assumptions() {
    return assumptions;
  }

  @Override
  public void close() {
    files.close();
  }
}
