package dev.eigenseg.train.neuralef;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import dev.eigenseg.api.ImageGeometry;
import dev.eigenseg.api.internal.file.SafeTensors;
import dev.eigenseg.api.tensor.DType;
import dev.eigenseg.api.tensor.Tensor;
import dev.eigenseg.graph.KnnEngines;
import dev.eigenseg.graph.kernel.GridColors;
import dev.eigenseg.graph.kernel.NormalizedAdjacency;
import dev.eigenseg.graph.kernel.PixelGraphOptions;
import dev.eigenseg.infer.PsiConfig;
import dev.eigenseg.infer.vit.VitCheckpoint;
import dev.eigenseg.infer.vit.VitPositions;
import dev.eigenseg.train.vit.TorchVit;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * The golden case that runs the whole published chain: images, backbone, psi, masks and training.
 * Owns its files.
 */
record SegmenterFixture(JsonObject json, SafeTensors weights, SafeTensors tensors)
    implements AutoCloseable {
  private static final int IGNORED = 255;

  static List<Path> cases() {
    return Golden.cases(fixture ->
        fixture.has("config")
            && fixture.getAsJsonObject("config").has("vit")
            && fixture.getAsJsonObject("config").has("psi"));
  }

  static SegmenterFixture open(Path folder) throws IOException {
    SafeTensors weights = SafeTensors.open(folder.resolve("weights.safetensors"));
    try {
      return new SegmenterFixture(
          Golden.fixture(folder), weights, SafeTensors.open(folder.resolve("tensors.safetensors")));
    } catch (IOException | RuntimeException | Error e) {
      weights.close();
      throw e;
    }
  }

  private JsonObject config() {
    return json.getAsJsonObject("config");
  }

  private JsonObject config(String part) {
    return config().getAsJsonObject(part);
  }

  int size(String part, String key) {
    return config(part).get(key).getAsInt();
  }

  double number(String part, String key) {
    return config(part).get(key).getAsDouble();
  }

  /** The published objective. */
  Objective objective() {
    return new Objective(
        number("neuralef", "t"),
        number("neuralef", "alpha"),
        !config("neuralef").get("no_sg").getAsBoolean());
  }

  double tolerance(String name) {
    return json.getAsJsonObject("tolerance").get(name).getAsDouble();
  }

  Tensor images() {
    return tensors.tensor("im");
  }

  int count() {
    return Math.toIntExact(images().size(0));
  }

  int height() {
    return Math.toIntExact(images().size(2));
  }

  int width() {
    return Math.toIntExact(images().size(3));
  }

  int rows() {
    return Math.ceilDiv(height(), patchSize());
  }

  int columns() {
    return Math.ceilDiv(width(), patchSize());
  }

  int patchSize() {
    return size("vit", "patch_size");
  }

  /** As the backbone and the pixel graph see them: zeros, which are grey, right and below. */
  private Tensor paddedImages() {
    int paddedWidth = columns() * patchSize();
    int paddedHeight = rows() * patchSize();
    Tensor padded = Tensor.allocate(DType.F32, count(), 3, paddedHeight, paddedWidth);
    Tensor images = images();
    for (long line = 0; line < 3L * count() * height(); line++) {
      long target = (line / height() * paddedHeight + line % height()) * paddedWidth;
      for (int x = 0; x < width(); x++) {
        padded.set(target + x, images.get(line * width() + x));
      }
    }
    return padded;
  }

  int patches() {
    return rows() * columns();
  }

  PsiConfig psi() {
    int dim = size("psi", "d_backbone");
    return new PsiConfig(
        dim,
        dim,
        dim,
        0,
        3 * dim,
        size("psi", "num_heads"),
        size("psi", "head_dim"),
        size("psi", "mlp_dim"),
        size("psi", "num_blocks"),
        size("psi", "k"));
  }

  /** The backbone's features, as the published code makes them. */
  TorchVit.Levels levels(NDManager manager) {
    JsonArray trained = config("vit").getAsJsonArray("image_size");
    int patch = patchSize();
    boolean keys = config().get("dino_key_features_as_high").getAsBoolean();
    Map<String, String> settings =
        Map.of(
            "heads",
            config("vit").get("n_heads").getAsString(),
            "eps",
            "1e-5",
            "positions",
            "bilinear",
            "grid",
            trained.get(0).getAsInt() / patch + "x" + trained.get(1).getAsInt() / patch,
            "high",
            keys ? "keys" : "tokens");
    try (VitCheckpoint checkpoint = VitCheckpoint.borrow(weights, "backbone.", settings);
        Tensor images = paddedImages();
        Tensor positions = new VitPositions(checkpoint).on(rows(), columns())) {
      return new TorchVit(checkpoint.config(), TorchVit.weights(manager, checkpoint))
          .levels(Torch.place(manager, images), Torch.place(manager, positions));
    }
  }

  /** The kernel inside the batch, by our own graphs. */
  NormalizedAdjacency kernel(Tensor high) throws IOException {
    ImageGeometry geometry = new ImageGeometry(Optional.empty(), patchSize());
    List<GridColors> colors = new ArrayList<>();
    try (Tensor images = paddedImages()) {
      for (int image = 0; image < count(); image++) {
        float[] values = images.slice(image, 1).toFloats();
        for (int i = 0; i < values.length; i++) {
          values[i] = (values[i] + 1) / 2;
        }
        try (Tensor pixels = Tensor.of(values, 3, rows() * patchSize(), columns() * patchSize())) {
          colors.add(new GridColors(rows(), columns(), geometry.patchColors(pixels)));
        }
      }
      return BatchGraph.kernel(
          high,
          colors,
          KnnEngines.select("auto"),
          size("neuralef", "num_nearestn_feature"),
          (float) number("neuralef", "pixelwise_weight"),
          PixelGraphOptions.of(
              size("neuralef", "num_nearestn_pixel1"), size("neuralef", "num_nearestn_pixel2")),
          2);
    } finally {
      colors.forEach(image -> image.colors().close());
    }
  }

  /**
   * The matrix of bilinear upsampling between half-pixel centres, {@code [pixels, patches]}; what
   * was padded is cut off.
   */
  NDArray upsampling(NDManager manager) {
    float[] matrix = new float[height() * width() * patches()];
    for (int y = 0; y < height(); y++) {
      for (int x = 0; x < width(); x++) {
        double row = Math.clamp((y + 0.5) / patchSize() - 0.5, 0, rows() - 1);
        double column = Math.clamp((x + 0.5) / patchSize() - 0.5, 0, columns() - 1);
        for (int r = 0; r < rows(); r++) {
          for (int c = 0; c < columns(); c++) {
            double weight =
                Math.max(0, 1 - Math.abs(row - r)) * Math.max(0, 1 - Math.abs(column - c));
            matrix[(y * width() + x) * patches() + r * columns() + c] = (float) weight;
          }
        }
      }
    }
    return manager.create(matrix, new Shape((long) height() * width(), patches()));
  }

  /**
   * A pixel's share in the mean cross entropy at its class, 0 elsewhere; {@code [pixels, classes]}.
   */
  NDArray labels(NDManager manager) {
    Tensor labels = tensors.tensor("seg");
    int classes = config().get("n_cls").getAsInt();
    int pixels = Math.toIntExact(labels.size());
    int counted = 0;
    for (int i = 0; i < pixels; i++) {
      counted += labels.getLong(i) == IGNORED ? 0 : 1;
    }
    float[] shares = new float[pixels * classes];
    for (int i = 0; i < pixels; i++) {
      if (labels.getLong(i) != IGNORED) {
        shares[i * classes + (int) labels.getLong(i)] = 1f / counted;
      }
    }
    return manager.create(shares, new Shape(pixels, classes));
  }

  @Override
  public void close() {
    try (weights;
        tensors) {
      // Both are closed, even if one fails.
    }
  }
}
