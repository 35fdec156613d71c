package dev.eigenseg.graph;

import dev.eigenseg.api.Backbone.FeatureDims;
import dev.eigenseg.api.ImageGeometry;
import dev.eigenseg.api.PatchFeatures;
import dev.eigenseg.api.Progress;
import dev.eigenseg.api.Provenance;
import dev.eigenseg.api.bank.BankSettings;
import dev.eigenseg.api.bank.FeatureBankWriter;
import dev.eigenseg.api.tensor.DType;
import dev.eigenseg.api.tensor.Tensor;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;

/**
 * Writes a float16 bank of clustered rows, a thousand for each image: {@code ClusteredBank FOLDER
 * IMAGES DIM [CLUSTERS]}.
 */
final class ClusteredBank {
  private static final int GRID_ROWS = 25;
  private static final int GRID_COLUMNS = 40;
  private static final int PATCH = 16;
  private static final int CLUSTERS = 50;

  private ClusteredBank() {}

  static void main(String[] arguments) throws IOException {
    int images = Integer.parseInt(arguments[1]);
    int dim = Integer.parseInt(arguments[2]);
    int clusters = arguments.length > 3 ? Integer.parseInt(arguments[3]) : CLUSTERS;
    BankSettings settings =
        new BankSettings(
            "synthetic",
            "0".repeat(64),
            "synthetic",
            Map.of(),
            new FeatureDims(1, 1, dim),
            DType.F16,
            new ImageGeometry(Optional.empty(), PATCH));
    Provenance provenance = Provenance.here("extract", Map.of(), Map.of(), 1, "cpu");
    try (FeatureBankWriter writer =
        FeatureBankWriter.open(Path.of(arguments[0]), settings, provenance)) {
      for (int image = 0; image < images; image++) {
        append(writer, image, dim, clusters);
      }
      writer.finish(Progress.NONE);
    }
  }

  private static void append(FeatureBankWriter writer, int image, int dim, int clusters)
      throws IOException {
    int patches = GRID_ROWS * GRID_COLUMNS;
    try (PatchFeatures features =
            new PatchFeatures(
                GRID_ROWS,
                GRID_COLUMNS,
                Tensor.allocate(DType.F32, patches, 1),
                Tensor.allocate(DType.F32, patches, 1),
                ClusteredRows.of(patches, dim, image, clusters));
        Tensor colors = Tensor.allocate(DType.F32, patches, 3)) {
      writer.append("image " + image, GRID_COLUMNS * PATCH, GRID_ROWS * PATCH, features, colors);
    }
  }
}
