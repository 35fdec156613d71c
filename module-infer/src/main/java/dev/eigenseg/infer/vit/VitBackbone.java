package dev.eigenseg.infer.vit;

import dev.eigenseg.api.Backbone;
import dev.eigenseg.api.IncompatibleException;
import dev.eigenseg.api.PatchFeatures;
import dev.eigenseg.api.internal.file.Shards;
import dev.eigenseg.api.internal.kernel.ImagePixels;
import dev.eigenseg.api.internal.resource.CallScope;
import dev.eigenseg.api.internal.resource.InUse;
import dev.eigenseg.api.tensor.Tensor;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;
import java.util.function.Supplier;

/**
 * A Vision Transformer on the Vector API. Owns its weights, packed for the products; the checkpoint
 * is not needed any more once this is made. Thread-safe; closing ends extractions under way.
 */
public final class VitBackbone implements Backbone {
  private final String id;
  private final Supplier<String> sha256;
  private final VitConfig config;
  private final SequencedMap<String, String> settings;
  private final List<String> assumptions;
  private final VitNetwork network;
  private final InUse inUse;

  /**
   * Packs the weights of a checkpoint.
   *
   * @param checkpoint borrowed for the call
   * @param id see {@link Backbone#id()}
   * @param sha256 of the file with the weights; asked for when it is needed
   */
  public VitBackbone(VitCheckpoint checkpoint, String id, Supplier<String> sha256) {
    this.id = id;
    this.sha256 = sha256;
    this.config = checkpoint.config();
    this.settings = checkpoint.settings();
    this.assumptions = checkpoint.assumptions();
    this.inUse = new InUse("backbone " + id);
    this.network = new VitNetwork(checkpoint);
  }

  /**
   * Opens a file.
   *
   * @param settings see {@link VitCheckpoint#open}
   */
  public static VitBackbone open(Path file, Map<String, String> settings) throws IOException {
    FileTime changed = Files.getLastModifiedTime(file);
    try (VitCheckpoint checkpoint = VitCheckpoint.open(file, settings)) {
      return new VitBackbone(checkpoint, VitCheckpoint.id(file), new FileHash(file, changed));
    }
  }

  /** The hash of a file: computed once, when somebody asks, since it takes longer than packing. */
  private static final class FileHash implements Supplier<String> {
    private final Path file;
    private final FileTime changed;
    private volatile String hash = "";

    FileHash(Path file, FileTime changed) {
      this.file = file.toAbsolutePath();
      this.changed = changed;
    }

    @Override
    public String get() {
      if (hash.isEmpty()) {
        hash = compute();
      }
      return hash;
    }

    private String compute() {
      try {
        String computed = Shards.sha256(file);
        if (!Files.getLastModifiedTime(file).equals(changed)) {
          throw new IncompatibleException(
              "%s has changed since its weights were read; open it again".formatted(file));
        }
        return computed;
      } catch (IOException e) {
        throw new UncheckedIOException("cannot hash " + file, e);
      }
    }
  }

  @Override
  public String id() {
    return id;
  }

  @Override
  public String sha256() {
    return sha256.get();
  }

  @Override
  public SequencedMap<String, String> settings() {
    return settings;
  }

  @Override
  public List<String> assumptions() {
    return assumptions;
  }

  @Override
  public int patchSize() {
    return config.patchSize();
  }

  @Override
  public FeatureDims dims() {
    return new FeatureDims(config.dim(), config.dim(), config.dim());
  }

  @Override
  public PatchFeatures extract(Tensor pixels) {
    return extract(pixels, 1);
  }

  @Override
  public PatchFeatures extract(Tensor pixels, int threads) {
    inUse.enter();
    try {
      ImagePixels.requirePatches(pixels, config.patchSize(), id);
      return CallScope.call(List.of(inUse::checkOpen), () -> network.extract(pixels, threads));
    } finally {
      inUse.leave();
    }
  }

  @Override
  public void close() {
    if (inUse.close()) {
      network.close();
    }
  }

  @Override
  public String toString() {
    return id;
  }
}
