package dev.eigenseg.train;

import com.google.gson.Gson;
import com.google.gson.JsonObject;
import com.google.gson.JsonPrimitive;
import dev.eigenseg.api.CorruptFileException;
import dev.eigenseg.api.Provenance;
import dev.eigenseg.api.internal.file.Hashes;
import dev.eigenseg.api.internal.file.SafeTensors;
import dev.eigenseg.api.internal.file.SafeTensorsWriter;
import dev.eigenseg.api.internal.resource.Closing;
import dev.eigenseg.api.tensor.Tensor;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SequencedMap;

/**
 * A run in the middle: weights, moments, remembered outputs and how far it came, in one safetensors
 * file beside the model, with a CRC32C of each of these. Random numbers need no state here, see
 * {@link dev.eigenseg.train.neuralef.Streams}.
 */
final class Checkpoint {
  private static final String FORMAT = "eigenseg-checkpoint";
  private static final String VERSION = "3";
  private static final String REMEMBERED = "remembered.outputs";
  private static final String NORMS = "remembered.norms";
  private static final String PROVENANCE = "provenance";
  private static final String HISTORY = "history";
  private static final List<String> PARTS = List.of(PROVENANCE, HISTORY);
  private static final String CHECKSUMS = "crc32c";
  private static final long PIECE = 16 << 20;
  private static final Gson GSON = new Gson();

  private Checkpoint() {}

  /** Where the checkpoint of a model is. */
  static Path beside(Path model) {
    return model.resolveSibling(model.getFileName() + ".checkpoint");
  }

  static void write(
      Path file,
      Provenance provenance,
      RunHistory history,
      PsiLearner learner,
      Optional<RememberedOutputs> remembered)
      throws IOException {
    SequencedMap<String, Tensor> owned = learner.export();
    try {
      SequencedMap<String, Tensor> tensors = new LinkedHashMap<>(owned);
      remembered.ifPresent(outputs -> {
        tensors.put(NORMS, outputs.norms());
        tensors.put(REMEMBERED, outputs.outputs());
      });
      Map<String, String> metadata = new LinkedHashMap<>();
      metadata.put("format", FORMAT);
      metadata.put("version", VERSION);
      metadata.put(PROVENANCE, provenance.toJson().toString());
      metadata.put(HISTORY, GSON.toJson(history.state()));
      JsonObject checksums = new JsonObject();
      for (String part : PARTS) {
        checksums.addProperty(part, checksum(metadata.get(part)));
      }
      tensors.forEach((name, tensor) -> checksums.addProperty(name, checksum(tensor.segment())));
      metadata.put(CHECKSUMS, checksums.toString());
      SafeTensorsWriter.write(file, metadata, tensors);
    } finally {
      Closing.all(owned.values(), Tensor::close);
    }
  }

  /** Owns an opened checkpoint. */
  record Opened(SafeTensors tensors, RunHistory history) implements AutoCloseable {
    /** Copies the remembered outputs. */
    void restore(RememberedOutputs outputs) {
      outputs.norms().segment().copyFrom(tensors.tensor(NORMS).segment());
      copy(tensors.tensor(REMEMBERED).segment(), outputs.outputs().segment());
    }

    // In pieces, so that a large bank's outputs are not in memory twice.
    private static void copy(MemorySegment mapping, MemorySegment target) {
      for (long offset = 0; offset < mapping.byteSize(); offset += PIECE) {
        MemorySegment piece = mapping.asSlice(offset, Math.min(PIECE, mapping.byteSize() - offset));
        target.asSlice(offset, piece.byteSize()).copyFrom(piece);
        SafeTensors.release(piece);
      }
    }

    @Override
    public void close() {
      tensors.close();
    }
  }

  /**
   * Opens a checkpoint of the same work, and checks it as a whole.
   *
   * @throws dev.eigenseg.api.IncompatibleException if it belongs to other work
   * @throws CorruptFileException if it is damaged or of another format
   */
  static Opened open(Path file, Provenance wanted) throws IOException {
    SafeTensors tensors = SafeTensors.open(file);
    try {
      Map<String, String> metadata = tensors.metadata();
      if (!FORMAT.equals(metadata.get("format")) || !VERSION.equals(metadata.get("version"))) {
        throw new CorruptFileException(
            "%s is no checkpoint of format version %s; delete it or use --overwrite"
                .formatted(file, VERSION));
      }
      JsonObject checksums = part(file, metadata, CHECKSUMS, JsonObject.class);
      for (String part : PARTS) {
        verify(file, checksums, part, checksum(metadata.getOrDefault(part, "")));
      }
      Artefacts.requireSame(
          file, Provenance.fromJson(part(file, metadata, PROVENANCE, JsonObject.class)), wanted);
      for (String name : tensors.names()) {
        verify(file, checksums, name, checksum(tensors.tensor(name).segment()));
      }
      return new Opened(
          tensors, new RunHistory(part(file, metadata, HISTORY, RunHistory.State.class)));
    } catch (RuntimeException | Error e) {
      tensors.close();
      throw e;
    }
  }

  private static <T> T part(Path file, Map<String, String> metadata, String key, Class<T> type) {
    try {
      T part = GSON.fromJson(metadata.getOrDefault(key, ""), type);
      if (part != null) {
        return part;
      }
    } catch (RuntimeException e) {
      // Gson reports what is missing or of another kind by several unrelated exceptions.
      throw damaged(file, key, e);
    }
    throw damaged(file, key, null);
  }

  private static void verify(Path file, JsonObject checksums, String part, String found) {
    if (!new JsonPrimitive(found).equals(checksums.get(part))) {
      throw damaged(file, part, null);
    }
  }

  private static String checksum(String text) {
    return "%08x".formatted(Hashes.crc32c(text));
  }

  private static String checksum(MemorySegment segment) {
    return "%08x".formatted(Hashes.crc32cReleasing(segment));
  }

  private static CorruptFileException damaged(Path file, String key, Throwable cause) {
    return new CorruptFileException(
        "the checkpoint %s is damaged in its %s; delete it or use --overwrite".formatted(file, key),
        cause);
  }
}
