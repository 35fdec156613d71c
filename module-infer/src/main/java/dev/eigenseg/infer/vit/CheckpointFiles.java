package dev.eigenseg.infer.vit;

import dev.eigenseg.api.BadInputException;
import dev.eigenseg.api.internal.file.SafeTensors;
import dev.eigenseg.api.internal.file.Shards;
import dev.eigenseg.api.tensor.Tensor;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;
import java.util.SequencedSet;

/** Owns the mappings of a checkpoint's files, or borrows one. Thread-safe. */
final class CheckpointFiles implements AutoCloseable {
  private final List<SafeTensors> owned;
  private final Map<String, String> metadata;
  private final SequencedMap<String, SafeTensors> holders = new LinkedHashMap<>();
  private final String prefix;

  private CheckpointFiles(List<SafeTensors> owned, List<SafeTensors> files, String prefix) {
    this.owned = owned;
    this.metadata = files.getFirst().metadata();
    this.prefix = prefix;
    for (SafeTensors file : files) {
      for (String name : file.names()) {
        if (name.startsWith(prefix)
            && holders.putIfAbsent(name.substring(prefix.length()), file) != null) {
          throw new BadInputException(
              "'%s' is in %s and in another shard before it; download the checkpoint again"
                  .formatted(name, file));
        }
      }
    }
  }

  /** Maps a file and the shards that belong to it, see {@link Shards#of}. */
  static CheckpointFiles open(Path file) throws IOException {
    List<SafeTensors> mapped = new ArrayList<>();
    try {
      for (Path part : Shards.of(file)) {
        mapped.add(SafeTensors.open(part));
      }
      return new CheckpointFiles(mapped, mapped, "");
    } catch (IOException | RuntimeException | Error e) {
      mapped.forEach(SafeTensors::close);
      throw e;
    }
  }

  /** The tensors of a mapping whose names begin with a prefix, without it. */
  static CheckpointFiles borrow(SafeTensors file, String prefix) {
    return new CheckpointFiles(List.of(), List.of(file), prefix);
  }

  SequencedSet<String> names() {
    return Collections.unmodifiableSequencedSet(holders.sequencedKeySet());
  }

  Map<String, String> metadata() {
    return metadata;
  }

  long[] shape(String name) {
    return holders.get(name).shape(prefix + name);
  }

  Tensor tensor(String name) {
    return holders.get(name).tensor(prefix + name);
  }

  @Override
  public void close() {
    owned.forEach(SafeTensors::close);
  }
}
