package dev.eigenseg.infer.vit;

import dev.eigenseg.api.BadInputException;
import dev.eigenseg.api.internal.file.SafeTensors;
import dev.eigenseg.api.tensor.Tensor;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;
import java.util.SequencedSet;

/**
 * Owns a mapping of a Vision Transformer's weights in a {@code .safetensors} file under timm's
 * names, and knows how they are to be read. Or borrows the mapping, where the weights are a part of
 * a larger file. Thread-safe.
 *
 * <p>What the tensors show is read from them. The rest comes from the settings, else from timm's
 * {@code config.json} beside the file (or {@code NAME.json} beside {@code NAME.safetensors}), else
 * from the same JSON in the file's metadata, else it is assumed and said in {@link #assumptions()}.
 */
public final class VitCheckpoint implements AutoCloseable {
  private final SafeTensors file;
  private final boolean owner;
  private final String prefix;
  private final SequencedSet<String> names;
  private final VitConfig config;
  private final SequencedMap<String, String> settings;
  private final List<String> assumptions;

  private VitCheckpoint(
      SafeTensors file,
      boolean owner,
      String prefix,
      Map<String, String> settings,
      TimmConfig published,
      String where) {
    this.file = file;
    this.owner = owner;
    this.prefix = prefix;
    this.names = names(file, prefix);
    List<String> assumed = new ArrayList<>();
    VitSettings given = new VitSettings(settings, published, assumed);
    VitTensors tensors = new VitTensors(where, names, this::tensor);
    this.config = VitReader.read(tensors, given);
    this.settings = Collections.unmodifiableSequencedMap(VitReader.settings(config, tensors));
    this.assumptions = List.copyOf(assumed);
  }

  /**
   * Maps a file and finds out how to read it.
   *
   * @param settings what the user said: {@code heads}, {@code normalization}, {@code high}, {@code
   *     eps}, {@code positions}, {@code activation}, {@code grid}
   * @throws BadInputException if the file holds no Vision Transformer that is supported, if it can
   *     be read in more than one way and nothing says which, or if a setting is unknown or does not
   *     fit
   * @throws dev.eigenseg.api.CorruptFileException if it is not a whole, valid safetensors file
   */
  public static VitCheckpoint open(Path file, Map<String, String> settings) throws IOException {
    SafeTensors mapped = SafeTensors.open(file);
    try {
      TimmConfig published =
          TimmConfig.beside(file)
              .or(() -> TimmConfig.in(mapped.metadata(), file.toString()))
              .orElse(TimmConfig.NONE);
      return new VitCheckpoint(mapped, true, "", settings, published, file.toString());
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
        file, false, prefix, settings, TimmConfig.NONE, "'%s*' of %s".formatted(prefix, file));
  }

  private static SequencedSet<String> names(SafeTensors file, String prefix) {
    SequencedSet<String> names = new LinkedHashSet<>();
    for (String name : file.names()) {
      if (name.startsWith(prefix)) {
        names.add(name.substring(prefix.length()));
      }
    }
    return Collections.unmodifiableSequencedSet(names);
  }

  /** The shapes and how the weights are used. */
  public VitConfig config() {
    return config;
  }

  /** The names of all tensors in the order of the file, also of those that are not used. */
  public SequencedSet<String> names() {
    return names;
  }

  /** Whether there is a tensor of this name. */
  public boolean contains(String name) {
    return names.contains(name);
  }

  /** One tensor, borrowed: float32, float16 or bfloat16, valid until the mapping is closed. */
  public Tensor tensor(String name) {
    return file.tensor(prefix + name);
  }

  /**
   * The settings that give the same features from the same weights, without any other
   * configuration.
   */
  public SequencedMap<String, String> settings() {
    return settings;
  }

  /** What was assumed because nothing said it; a sentence each. */
  public List<String> assumptions() {
    return assumptions;
  }

  @Override
  public void close() {
    if (owner) {
      file.close();
    }
  }
}
