package dev.eigenseg.train;

import dev.eigenseg.api.Backbone.FeatureDims;
import dev.eigenseg.api.ImageGeometry;
import dev.eigenseg.api.PatchFeatures;
import dev.eigenseg.api.Progress;
import dev.eigenseg.api.Provenance;
import dev.eigenseg.api.bank.BankSettings;
import dev.eigenseg.api.bank.FeatureBank;
import dev.eigenseg.api.bank.FeatureBankWriter;
import dev.eigenseg.api.bank.Level;
import dev.eigenseg.api.spi.KnnEngine;
import dev.eigenseg.api.tensor.DType;
import dev.eigenseg.api.tensor.Tensor;
import dev.eigenseg.graph.KnnEngines;
import dev.eigenseg.graph.KnnGraph;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import java.util.Random;

/** Small banks with a few blobs of features, on two sizes of grids. */
final class TestBanks {
  static final FeatureDims DIMS = new FeatureDims(3, 4, 9);

  private TestBanks() {}

  static FeatureBank write(Path folder, int images, long seed) throws IOException {
    return write(folder, images, seed, 16);
  }

  static FeatureBank write(Path folder, int images, long seed, int patchSize) throws IOException {
    Random random = new Random(seed);
    BankSettings settings =
        new BankSettings(
            "test",
            "0".repeat(64),
            "test",
            Map.of(),
            DIMS,
            DType.F32,
            new ImageGeometry(Optional.empty(), patchSize));
    Provenance provenance = Provenance.here("extract", Map.of(), Map.of(), seed, "cpu");
    try (FeatureBankWriter writer = FeatureBankWriter.open(folder, settings, provenance)) {
      for (int image = 0; image < images; image++) {
        int rows = 4;
        int columns = image % 3 == 1 ? 6 : 5;
        try (PatchFeatures features =
                new PatchFeatures(
                    rows,
                    columns,
                    blobs(random, rows * columns, DIMS.low()),
                    blobs(random, rows * columns, DIMS.mid()),
                    blobs(random, rows * columns, DIMS.high()));
            Tensor colors = Tensor.allocate(DType.F32, (long) rows * columns, 3)) {
          for (long i = 0; i < colors.size(); i++) {
            colors.set(i, random.nextFloat());
          }
          writer.append("image " + image, columns * patchSize, rows * patchSize, features, colors);
        }
      }
      writer.finish(Progress.NONE);
    }
    return FeatureBank.open(folder);
  }

  private static Tensor blobs(Random random, int rows, int dim) {
    Tensor tensor = Tensor.allocate(DType.F32, rows, dim);
    for (int row = 0; row < rows; row++) {
      int blob = random.nextInt(3);
      for (int i = 0; i < dim; i++) {
        tensor.set((long) row * dim + i, (float) random.nextGaussian() + (i % 3 == blob ? 3 : 0));
      }
    }
    return tensor;
  }

  static KnnGraph graph(FeatureBank bank) throws IOException {
    return KnnGraph.build(
        KnnEngines.select("auto"),
        new KnnEngine.Request(bank.level(Level.HIGH), 6, 64L << 20, 1),
        Progress.NONE);
  }
}
