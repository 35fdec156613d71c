package dev.eigenseg.train.neuralef;

import com.google.gson.JsonObject;
import dev.eigenseg.api.internal.file.SafeTensors;
import dev.eigenseg.api.tensor.DType;
import dev.eigenseg.api.tensor.Tensor;
import dev.eigenseg.graph.KnnEngines;
import dev.eigenseg.graph.kernel.GridColors;
import dev.eigenseg.graph.kernel.NormalizedAdjacency;
import dev.eigenseg.graph.kernel.PixelGraphOptions;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/**
 * One case of the golden folder whose cases hold a batch, outputs and the objective's gradients.
 * Owns its file.
 */
public record NeuralEfFixture(
    String name, SafeTensors tensors, JsonObject json, JsonObject config, JsonObject tolerance)
    implements AutoCloseable {
  /** Folder and name of every case. */
  public static Stream<Named> all() {
    List<Path> folders =
        Golden.cases(fixture ->
            fixture.has("cases")
                && fixture.getAsJsonObject("cases").entrySet().stream()
                    .anyMatch(entry -> entry.getValue().toString().contains("grad_psi.loss")));
    return folders.stream()
        .flatMap(folder ->
            Golden.fixture(folder).getAsJsonObject("cases").keySet().stream()
                .map(name -> new Named(folder, name)));
  }

  /** A case by folder and name. */
  public record Named(Path folder, String name) {
    /** Opens it. */
    public NeuralEfFixture open() throws IOException {
      JsonObject fixture = Golden.fixture(folder);
      JsonObject json = fixture.getAsJsonObject("cases").getAsJsonObject(name);
      return new NeuralEfFixture(
          name,
          SafeTensors.open(folder.resolve(name + ".safetensors")),
          json,
          json.getAsJsonObject("config"),
          fixture.getAsJsonObject("tolerance"));
    }
  }

  /** A whole number of the case, such as {@code "k"}. */
  public int size(String key) {
    return json.get(key).getAsInt();
  }

  /** A number of the configuration. */
  public double number(String key) {
    return config.get(key).getAsDouble();
  }

  /** The published objective's switch. */
  public boolean stopGradient() {
    return !config.get("no_sg").getAsBoolean();
  }

  /** A reference tensor as a matrix of all patches. */
  public Tensor matrix(String tensor, String columns) {
    return tensors.tensor(tensor).reshape(size("n"), size(columns));
  }

  /** The case's kernel from features and pixels, by our own graphs. */
  public NormalizedAdjacency kernel() throws IOException {
    List<GridColors> images = new ArrayList<>();
    try {
      for (int image = 0; image < size("B"); image++) {
        images.add(new GridColors(size("h"), size("w"), colors(image)));
      }
      return BatchGraph.kernel(
          matrix("highlevel_feature", "C"),
          images,
          KnnEngines.select("auto"),
          config.get("num_nearestn_feature").getAsInt(),
          (float) number("pixelwise_weight"),
          PixelGraphOptions.of(
              config.get("num_nearestn_pixel1").getAsInt(),
              config.get("num_nearestn_pixel2").getAsInt()),
          2);
    } finally {
      images.forEach(image -> image.colors().close());
    }
  }

  // From planes in [-1, 1] to rows of r, g, b in [0, 1].
  private Tensor colors(int image) {
    int patches = size("h") * size("w");
    Tensor planes = tensors.tensor("im").slice(image, 1);
    Tensor colors = Tensor.allocate(DType.F32, patches, 3);
    for (int patch = 0; patch < patches; patch++) {
      for (int channel = 0; channel < 3; channel++) {
        colors.set(3L * patch + channel, (planes.get((long) channel * patches + patch) + 1) / 2);
      }
    }
    return colors;
  }

  @Override
  public void close() {
    tensors.close();
  }
}
