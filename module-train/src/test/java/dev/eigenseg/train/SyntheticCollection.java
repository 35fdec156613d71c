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
import dev.eigenseg.api.internal.file.Hashes;
import dev.eigenseg.api.spi.Availability;
import dev.eigenseg.api.spi.KnnEngine;
import dev.eigenseg.api.spi.KnnIndex;
import dev.eigenseg.api.tensor.DType;
import dev.eigenseg.api.tensor.FeatureRows;
import dev.eigenseg.api.tensor.Tensor;
import dev.eigenseg.graph.KnnGraph;
import java.io.IOException;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Map;
import java.util.Optional;
import java.util.SplittableRandom;

/**
 * A float16 bank of any size and a graph over it, for measuring training where a real search would
 * take hours: patch i belongs to kind i mod KINDS, features are the kind's centre and noise, and
 * neighbours are random patches of the same kind. {@code eigenseg bench large-training} runs it.
 */
final class SyntheticCollection {
  private static final int GRID_ROWS = 25;
  private static final int GRID_COLUMNS = 40;
  private static final int PATCHES = GRID_ROWS * GRID_COLUMNS;
  private static final int KINDS = 250;
  private static final FeatureDims DIMS = new FeatureDims(16, 16, 64);

  private SyntheticCollection() {}

  /** Arguments: the bank's folder, the number of patches, neighbours of a patch. */
  public static void main(String[] arguments) throws IOException {
    write(Path.of(arguments[0]), Long.parseLong(arguments[1]), Integer.parseInt(arguments[2]));
  }

  /** Writes the bank, image after image, and its {@code graph.knn}. */
  static void write(Path folder, long patches, int neighbors) throws IOException {
    BankSettings settings =
        new BankSettings(
            "synthetic",
            "0".repeat(64),
            "synthetic",
            Map.of(),
            DIMS,
            DType.F16,
            new ImageGeometry(Optional.empty(), 16));
    Provenance provenance = Provenance.here("extract", Map.of(), Map.of(), 1, "cpu");
    try (FeatureBankWriter writer = FeatureBankWriter.open(folder, settings, provenance)) {
      SplittableRandom random = new SplittableRandom(1);
      for (long image = 0; image < patches / PATCHES; image++) {
        append(writer, image, random);
      }
      writer.finish(Progress.NONE);
    }
    try (FeatureBank bank = FeatureBank.open(folder)) {
      writeGraph(bank, neighbors);
    }
  }

  private static void append(FeatureBankWriter writer, long image, SplittableRandom random)
      throws IOException {
    try (PatchFeatures features =
            new PatchFeatures(
                GRID_ROWS,
                GRID_COLUMNS,
                noise(DIMS.low(), random),
                noise(DIMS.mid(), random),
                noise(DIMS.high(), random));
        Tensor colors = Tensor.allocate(DType.F32, PATCHES, 3)) {
      for (long i = 0; i < colors.size(); i++) {
        colors.set(i, (float) random.nextDouble());
      }
      writer.append("image " + image, GRID_COLUMNS * 16, GRID_ROWS * 16, features, colors);
    }
  }

  private static Tensor noise(int dim, SplittableRandom random) {
    Tensor tensor = Tensor.allocate(DType.F32, PATCHES, dim);
    for (int patch = 0; patch < PATCHES; patch++) {
      SplittableRandom center = new SplittableRandom(patch % KINDS);
      for (int i = 0; i < dim; i++) {
        double value = (center.nextBoolean() ? 1 : -1) + random.nextDouble(-1, 1);
        tensor.set((long) patch * dim + i, (float) value);
      }
    }
    return tensor;
  }

  private static void writeGraph(FeatureBank bank, int neighbors) throws IOException {
    KnnEngine.Request request =
        new KnnEngine.Request(bank.level(Level.HIGH), neighbors, Long.MAX_VALUE, 1);
    String identity = Hashes.sha256(bank.directory().resolve("images.tsv"));
    try (KnnGraph graph = KnnGraph.build(new RandomEngine(), request, Progress.NONE)) {
      graph.write(
          bank.directory().resolve("graph.knn"),
          Provenance.here("graph", Map.of(), Map.of("bank", identity), 1, "cpu"));
    }
  }

  /** "Finds" random patches of the same kind. */
  private static final class RandomEngine implements KnnEngine {
    @Override
    public String name() {
      return "random";
    }

    @Override
    public int priority() {
      return 0;
    }

    @Override
    public Availability availability() {
      return Availability.YES;
    }

    @Override
    public boolean supports(KnnIndex.Kind kind) {
      return true;
    }

    @Override
    public String details() {
      return "random neighbours of the same kind";
    }

    @Override
    public Cost predict(Request request) {
      return new Cost(0, 0);
    }

    @Override
    public KnnIndex search(Request request, Tensor ids, Tensor similarities, Progress progress) {
      FeatureRows rows = request.features();
      int k = request.k();
      SplittableRandom random = new SplittableRandom(2);
      long ofAKind = rows.rows() / KINDS;
      float[] cosines = new float[k];
      for (long row = 0; row < rows.rows(); row++) {
        for (int i = 0; i < k; i++) {
          cosines[i] = (float) -random.nextDouble(0.5, 1);
        }
        Arrays.sort(cosines);
        // Steps of a random stride meet k different patches.
        long stride = 1 + random.nextLong((ofAKind - 1) / k);
        for (int i = 0; i < k; i++) {
          long neighbor = (row + (i + 1) * stride * KINDS) % rows.rows();
          ids.segment().setAtIndex(ValueLayout.JAVA_INT, row * k + i, (int) neighbor);
          similarities.set(row * k + i, -cosines[i]);
        }
      }
      return request.index();
    }
  }
}
