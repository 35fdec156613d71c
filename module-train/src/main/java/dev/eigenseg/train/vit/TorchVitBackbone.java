package dev.eigenseg.train.vit;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import dev.eigenseg.api.Backbone;
import dev.eigenseg.api.BadInputException;
import dev.eigenseg.api.PatchFeatures;
import dev.eigenseg.api.internal.file.Shards;
import dev.eigenseg.api.internal.kernel.ImagePixels;
import dev.eigenseg.api.internal.resource.Closing;
import dev.eigenseg.api.internal.resource.InUse;
import dev.eigenseg.api.tensor.Tensor;
import dev.eigenseg.infer.vit.VitCheckpoint;
import dev.eigenseg.infer.vit.VitConfig;
import dev.eigenseg.infer.vit.VitPositions;
import dev.eigenseg.train.neuralef.Torch;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Owns the weights of a Vision Transformer on one device of DJL's engine. Thread-safe; how many
 * threads work on an image is the engine's business. Name, hash, settings and features are those of
 * the {@code vit} backbone of the inference module, so banks and models serve both.
 */
final class TorchVitBackbone implements Backbone {
  // Banks and windows have one size or a few; a folder of photographs in all shapes must not fill a
  // GPU. A grid of 30 x 30 takes 1.4 MB with ViT-S.
  private static final int CACHED_GRIDS = 16;

  private record Grid(int rows, int columns) {}

  private final String id;
  private final String sha256;
  private final Map<String, String> settings;
  private final List<String> assumptions;
  private final VitConfig config;
  private final VitPositions stored;
  private final NDManager manager;
  private final TorchVit network;
  private final NDArray mean;
  private final NDArray deviation;
  private final Map<Grid, NDArray> positions = new HashMap<>();
  private final InUse inUse;

  private TorchVitBackbone(String id, String sha256, VitCheckpoint checkpoint, NDManager manager) {
    this.id = id;
    this.inUse = new InUse("the backbone " + id);
    this.sha256 = sha256;
    this.settings = Map.copyOf(checkpoint.settings());
    this.assumptions = checkpoint.assumptions();
    this.config = checkpoint.config();
    this.manager = manager;
    this.network = new TorchVit(config, TorchVit.weights(manager, checkpoint));
    this.mean = channels(config.normalization().mean());
    this.deviation = channels(config.normalization().deviation());
    this.stored = new VitPositions(checkpoint);
  }

  /**
   * Opens a checkpoint.
   *
   * @param device {@code "cpu"} or {@code "cuda:0"}
   * @throws dev.eigenseg.api.UnavailableException if there is no such device
   * @throws BadInputException if the file or a setting does not fit
   */
  static TorchVitBackbone open(Path file, String device, Map<String, String> settings)
      throws IOException {
    try (VitCheckpoint checkpoint = VitCheckpoint.open(file, settings)) {
      NDManager manager = Torch.engine().newBaseManager(Torch.device(device));
      try {
        return new TorchVitBackbone(
            VitCheckpoint.id(file), Shards.sha256(file), checkpoint, manager);
      } catch (IOException | RuntimeException | Error e) {
        manager.close();
        throw e;
      }
    }
  }

  private NDArray channels(List<Float> values) {
    float[] array = {values.get(0), values.get(1), values.get(2)};
    return manager.create(array, new Shape(1, 3, 1, 1));
  }

  @Override
  public String id() {
    return id;
  }

  @Override
  public String sha256() {
    return sha256;
  }

  @Override
  public Map<String, String> settings() {
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
    int side = config.patchSize();
    ImagePixels.requirePatches(pixels, side, id);
    Grid grid =
        new Grid(Math.toIntExact(pixels.size(1) / side), Math.toIntExact(pixels.size(2) / side));
    inUse.enter();
    try (NDManager scope = manager.newSubManager()) {
      NDArray image = Torch.share(scope, pixels.segment(), 1, 3, pixels.size(1), pixels.size(2));
      NDArray normalized = image.sub(mean).div(deviation);
      return copy(network.levels(normalized, positions(scope, grid)), grid);
    } finally {
      inUse.leave();
    }
  }

  // Never thrown out again, since another thread may be using them; once there are many, the rest
  // die with their scope.
  private NDArray positions(NDManager scope, Grid grid) {
    synchronized (positions) {
      NDArray cached = positions.get(grid);
      if (cached != null) {
        return cached;
      }
    }
    try (Tensor fitted = stored.on(grid.rows(), grid.columns())) {
      synchronized (positions) {
        if (positions.containsKey(grid) || positions.size() >= CACHED_GRIDS) {
          return Torch.place(scope, fitted);
        }
        NDArray placed = Torch.place(manager, fitted);
        positions.put(grid, placed);
        return placed;
      }
    }
  }

  private PatchFeatures copy(TorchVit.Levels levels, Grid grid) {
    long patches = Math.multiplyExact((long) grid.rows(), grid.columns());
    List<Tensor> owned = new ArrayList<>();
    try {
      for (NDArray level : List.of(levels.low(), levels.mid(), levels.high())) {
        owned.add(Torch.copy(level, patches, config.dim()));
      }
      return new PatchFeatures(
          grid.rows(), grid.columns(), owned.get(0), owned.get(1), owned.get(2));
    } catch (RuntimeException | Error e) {
      Closing.after(e, owned);
      throw e;
    }
  }

  /** Tensors of the engine that live as long as this; constant unless something leaks. */
  int managedArrays() {
    return manager.getManagedArrays().size();
  }

  @Override
  public void close() {
    if (inUse.close()) {
      manager.close();
    }
  }
}
