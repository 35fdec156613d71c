package dev.eigenseg.train.torchscript;

import ai.djl.MalformedModelException;
import ai.djl.Model;
import ai.djl.engine.EngineException;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import ai.djl.training.ParameterStore;
import dev.eigenseg.api.Backbone;
import dev.eigenseg.api.BadInputException;
import dev.eigenseg.api.PatchFeatures;
import dev.eigenseg.api.TrustedCode;
import dev.eigenseg.api.internal.file.Hashes;
import dev.eigenseg.api.internal.file.RegularFile;
import dev.eigenseg.api.internal.kernel.ImagePixels;
import dev.eigenseg.api.internal.resource.Closing;
import dev.eigenseg.api.internal.resource.InUse;
import dev.eigenseg.api.tensor.DType;
import dev.eigenseg.api.tensor.Tensor;
import dev.eigenseg.train.neuralef.Torch;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * Owns a TorchScript module that maps float32 {@code [1, 3, H, W]}, RGB in [-1, 1], to low, mid and
 * high tokens {@code [1, h * w, channels]} on one grid. Thread-safe; the module's patch size and
 * channels are found by a trial.
 */
final class TorchScriptBackbone implements Backbone {
  // Every patch size in use divides one of these; the first that a module accepts and that divides
  // evenly serves for the trial. The later ones are common sizes of Vision Transformers: a module
  // that was traced accepts the size it was traced at and no other.
  private static final int[] TRIAL_SIDES = {224, 192, 160, 256, 336, 384, 448, 480, 512, 518};

  private final String id;
  private final String sha256;
  private final NDManager manager;
  private final Model model;
  private final InUse inUse;
  private final int patchSize;
  private final FeatureDims dims;

  private TorchScriptBackbone(Path file, byte[] code, String sha256, String device)
      throws IOException {
    this.id = "torchscript:" + file.getFileName();
    this.inUse = new InUse("the backbone " + id);
    this.sha256 = sha256;
    this.manager = Torch.engine().newBaseManager(Torch.device(device));
    Model loaded = null;
    try {
      loaded = load(file, code, device);
      this.model = loaded;
      Trial trial = trial(file);
      this.patchSize = trial.patchSize();
      this.dims = trial.dims();
    } catch (IOException | RuntimeException | Error e) {
      try (manager) {
        if (loaded != null) {
          loaded.close();
        }
      }
      throw e;
    }
  }

  static TorchScriptBackbone open(Path file, String device) throws IOException {
    Torch.device(device);
    byte[] code = RegularFile.bytes(file); // read once: what is allowed is what runs
    String sha256 = Hashes.sha256(code);
    TrustedCode.require(file, sha256);
    return new TorchScriptBackbone(file, code, sha256, device);
  }

  private static Model load(Path file, byte[] code, String device) throws IOException {
    Model model =
        Model.newInstance("torchscript", Torch.device(device), Torch.engine().getEngineName());
    try (InputStream stream = new ByteArrayInputStream(code)) {
      model.load(stream);
      return model;
    } catch (MalformedModelException | EngineException e) {
      model.close();
      throw new BadInputException(
          "%s is not a TorchScript module that this libtorch can read: %s; save it with torch.jit.save"
              .formatted(file, e.getMessage()),
          e);
    }
  }

  /** What a trial shows. */
  private record Trial(int patchSize, FeatureDims dims) {}

  private Trial trial(Path file) {
    List<String> reasons = new ArrayList<>();
    for (int side : TRIAL_SIDES) {
      try (NDManager scope = manager.newSubManager()) {
        NDList outputs = forward(scope.zeros(new Shape(1, 3, side, side)));
        checkOutputs(outputs);
        long tokens = outputs.get(0).getShape().get(1);
        long cells = Math.round(Math.sqrt(tokens));
        if (cells * cells == tokens && side % cells == 0) {
          return new Trial(
              (int) (side / cells),
              new FeatureDims(dim(outputs, 0), dim(outputs, 1), dim(outputs, 2)));
        }
        reasons.add("%d x %d pixels gave %d tokens".formatted(side, side, tokens));
      } catch (EngineException | BadInputException e) {
        reasons.add("%d x %d pixels: %s".formatted(side, side, firstLine(e)));
      }
    }
    throw new BadInputException(
        "%s is no backbone: it must map [1, 3, H, W] to three tensors [1, h * w, channels] on one grid (%s)"
            .formatted(file, String.join("; ", reasons)));
  }

  private static String firstLine(Exception e) {
    return String.valueOf(e.getMessage()).lines().findFirst().orElse("");
  }

  private static int dim(NDList outputs, int level) {
    return Math.toIntExact(outputs.get(level).getShape().get(2));
  }

  private static void checkOutputs(NDList outputs) {
    boolean fine = outputs.size() == 3;
    for (NDArray output : outputs) {
      fine &=
          output.getShape().dimension() == 3
              && output.getShape().get(1) == outputs.get(0).getShape().get(1);
    }
    if (!fine) {
      throw new BadInputException("found outputs " + outputs);
    }
  }

  private NDList forward(NDArray input) {
    return model
        .getBlock()
        .forward(new ParameterStore(input.getManager(), false), new NDList(input), false);
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
  public int patchSize() {
    return patchSize;
  }

  @Override
  public FeatureDims dims() {
    return dims;
  }

  @Override
  public PatchFeatures extract(Tensor pixels) {
    ImagePixels.requirePatches(pixels, patchSize, id);
    inUse.enter();
    try (Tensor input = Tensor.allocate(DType.F32, pixels.shape());
        NDManager scope = manager.newSubManager()) {
      normalize(pixels, input);
      NDList outputs =
          forward(Torch.share(scope, input.segment(), 1, 3, pixels.size(1), pixels.size(2)));
      int rows = Math.toIntExact(pixels.size(1) / patchSize);
      int columns = Math.toIntExact(pixels.size(2) / patchSize);
      return copy(outputs, rows, columns);
    } finally {
      inUse.leave();
    }
  }

  private static void normalize(Tensor pixels, Tensor input) {
    MemorySegment source = pixels.segment();
    MemorySegment target = input.segment();
    for (long i = 0; i < pixels.size(); i++) {
      target.setAtIndex(
          ValueLayout.JAVA_FLOAT, i, source.getAtIndex(ValueLayout.JAVA_FLOAT, i) * 2 - 1);
    }
  }

  private PatchFeatures copy(NDList outputs, int rows, int columns) {
    long patches = (long) rows * columns;
    List<Tensor> levels = new ArrayList<>();
    try {
      for (int level = 0; level < 3; level++) {
        NDArray output = outputs.get(level);
        if (output.getShape().get(1) != patches) {
          throw new BadInputException(
              "%s gave %d tokens for %d x %d patches"
                  .formatted(id, output.getShape().get(1), rows, columns));
        }
        levels.add(Torch.copy(output, patches, dim(outputs, level)));
      }
      return new PatchFeatures(rows, columns, levels.get(0), levels.get(1), levels.get(2));
    } catch (RuntimeException | Error e) {
      Closing.after(e, levels);
      throw e;
    }
  }

  @Override
  public void close() {
    if (inUse.close()) {
      try (manager;
          model) {
        // Both are closed, even if one fails.
      }
    }
  }
}
