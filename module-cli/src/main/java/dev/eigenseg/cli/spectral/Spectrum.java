package dev.eigenseg.cli.spectral;

import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import dev.eigenseg.api.bank.FeatureBank;
import dev.eigenseg.api.internal.file.SafeTensorsWriter;
import dev.eigenseg.api.tensor.DType;
import dev.eigenseg.api.tensor.Tensor;
import dev.eigenseg.cli.session.ByteSize;
import dev.eigenseg.cli.session.EvaluationTables;
import dev.eigenseg.cli.session.Session;
import dev.eigenseg.cli.session.Table;
import dev.eigenseg.graph.KnnGraph;
import dev.eigenseg.graph.kernel.BankKernel;
import dev.eigenseg.graph.kernel.NormalizedAdjacency;
import dev.eigenseg.graph.kernel.PixelGraphOptions;
import dev.eigenseg.graph.kernel.Workspace;
import dev.eigenseg.graph.kmeans.KMeansOptions;
import dev.eigenseg.graph.spectral.Alignment;
import dev.eigenseg.graph.spectral.EigenOptions;
import dev.eigenseg.graph.spectral.Eigenpairs;
import dev.eigenseg.graph.spectral.Eigensolver;
import dev.eigenseg.infer.SegmenterFile;
import dev.eigenseg.train.BankPsi;
import dev.eigenseg.train.dataset.Dataset;
import dev.eigenseg.train.evaluation.ConfusionMatrix;
import dev.eigenseg.train.evaluation.Matching;
import dev.eigenseg.train.evaluation.Scores;
import dev.eigenseg.train.evaluation.SpectralClusters;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.SequencedMap;
import java.util.stream.Stream;

/**
 * Owns the leading eigenpairs of a bank's kernel and, where there is a model, what its psi makes of
 * the same patches.
 */
final class Spectrum implements AutoCloseable {
  private final Session session;
  private final FeatureBank bank;
  private final Eigenpairs pairs;
  private final Optional<Tensor> learned;
  private final Optional<Alignment> alignment;

  private Spectrum(
      Session session,
      FeatureBank bank,
      Eigenpairs pairs,
      Optional<Tensor> learned,
      Optional<Alignment> alignment) {
    this.session = session;
    this.bank = bank;
    this.pairs = pairs;
    this.learned = learned;
    this.alignment = alignment;
  }

  /** Solves; bank and graph are borrowed, the bank for as long as the result is used. */
  static Spectrum of(
      Session session,
      FeatureBank bank,
      KnnGraph graph,
      double pixelWeight,
      EigenOptions options,
      Optional<Path> model)
      throws IOException {
    try (NormalizedAdjacency kernel =
        session.stage(
            "kernel",
            () ->
                BankKernel.of(
                    bank,
                    graph,
                    pixelWeight,
                    PixelGraphOptions.DEFAULT,
                    Workspace.UNBOUNDED,
                    session.threads(),
                    session.progress()))) {
      session.say(
          "kernel of %d patches, %d entries; the search keeps %s of vectors"
              .formatted(
                  kernel.rows(),
                  kernel.entries(),
                  new ByteSize(Eigensolver.memory(kernel.rows(), options.count()))));
      Eigenpairs pairs =
          session.stage(
              "eigenvectors", () -> Eigensolver.leading(kernel, options, session.progress()));
      try {
        Spectrum spectrum = compared(session, bank, kernel, pairs, model);
        spectrum.say();
        return spectrum;
      } catch (IOException | RuntimeException | Error e) {
        pairs.close();
        throw e;
      }
    }
  }

  private static Spectrum compared(
      Session session,
      FeatureBank bank,
      NormalizedAdjacency kernel,
      Eigenpairs pairs,
      Optional<Path> model)
      throws IOException {
    if (model.isEmpty()) {
      return new Spectrum(session, bank, pairs, Optional.empty(), Optional.empty());
    }
    try (SegmenterFile file = SegmenterFile.open(model.get())) {
      Tensor learned =
          session.stage(
              "eigenfunctions",
              () -> BankPsi.outputs(bank, file.model(), session.threads(), session.progress()));
      try {
        Alignment alignment =
            session.stage(
                "alignment", () -> Alignment.of(kernel, pairs, learned, session.threads()));
        return new Spectrum(session, bank, pairs, Optional.of(learned), Optional.of(alignment));
      } catch (IOException | RuntimeException | Error e) {
        learned.close();
        throw e;
      }
    }
  }

  private void say() {
    double[] values = pairs.values();
    session.result(
        "eigenvalues: %s; largest residual %.1e"
            .formatted(
                String.join(
                    " ",
                    Stream.of(0, values.length / 4, values.length / 2, values.length - 1)
                        .distinct()
                        .map(i -> "%d: %.5f".formatted(i + 1, values[i]))
                        .toList()),
                pairs.worstResidual()));
    alignment.ifPresent(found ->
        session.result(
            "the %d learned functions hold %.1f %% of the %d leading eigenvectors, of the first %d %.1f %%; %.1f %% would be chance%s"
                .formatted(
                    found.rank(),
                    100 * found.mean(count()),
                    count(),
                    half(),
                    100 * found.mean(half()),
                    100.0 * found.rank() / bank.rows(),
                    Double.isNaN(found.trace())
                        ? ""
                        : ". They have %.1f %% of the largest trace of so many"
                            .formatted(100 * found.trace()))));
  }

  private int half() {
    return Math.max(1, count() / 2);
  }

  int count() {
    return pairs.count();
  }

  /** The eigenpairs; borrowed. */
  Eigenpairs pairs() {
    return pairs;
  }

  /** The eigenvectors as far as the learned functions hold them; to be closed by the caller. */
  Optional<Tensor> projected() {
    return learned.map(functions -> Alignment.project(functions, pairs.vectors()));
  }

  SpectralClusters clusters(KMeansOptions options) throws IOException {
    return session.stage(
        "k-means", () -> SpectralClusters.of(bank, pairs, options, session.progress()));
  }

  /** Prints and returns the scores by every oracle matching. */
  JsonArray score(SpectralClusters clusters, Dataset dataset) throws IOException {
    ConfusionMatrix confusion =
        session.stage(
            "compare", () -> clusters.compare(dataset, session.threads(), session.progress()));
    Table table = new Table("method", "m", "K", "matching", "accuracy", "mIoU");
    JsonArray results = new JsonArray();
    for (Matching matching : Matching.values()) {
      if (matching.oracle()) {
        Scores scores =
            Scores.of(confusion, matching.match(confusion, dataset.classes(), Optional.empty()));
        table.row(
            "spectral",
            Integer.toString(count()),
            Integer.toString(clusters.clusters()),
            matching.option() + " (oracle)",
            EvaluationTables.percent(scores.accuracy()),
            EvaluationTables.percent(scores.meanIou()));
        results.add(json(clusters, matching, scores));
      }
    }
    session.result(
        "%s %s, the images of the bank: clusters exist for these alone"
            .formatted(dataset.name(), dataset.split()));
    session.result(table.toString());
    return results;
  }

  private static JsonObject json(SpectralClusters clusters, Matching matching, Scores scores) {
    JsonObject json = new JsonObject();
    json.addProperty("method", "spectral");
    json.addProperty("clusters", clusters.clusters());
    json.addProperty("matching", matching.option());
    json.addProperty("accuracy", 100 * scores.accuracy());
    json.addProperty("miou", 100 * scores.meanIou());
    return json;
  }

  JsonObject json() {
    JsonObject json = new JsonObject();
    json.addProperty("patches", bank.rows());
    json.addProperty("eigenvectors", count());
    json.add("eigenvalues", array(pairs.values()));
    json.addProperty("largest-residual", pairs.worstResidual());
    alignment.ifPresent(found -> {
      JsonObject aligned = new JsonObject();
      aligned.addProperty("functions", found.rank());
      aligned.addProperty("mean-share", found.mean(count()));
      aligned.add("shares", array(found.shares()));
      if (!Double.isNaN(found.trace())) {
        aligned.addProperty("trace", found.trace());
      }
      json.add("alignment", aligned);
    });
    return json;
  }

  private static JsonArray array(double[] values) {
    JsonArray json = new JsonArray();
    Arrays.stream(values).forEach(json::add);
    return json;
  }

  /** Writes {@code eigenvalues} and {@code eigenvectors}, {@code [patches, m]}. */
  void write(Path file) throws IOException {
    double[] values = pairs.values();
    try (Tensor eigenvalues = Tensor.allocate(DType.F32, values.length)) {
      for (int i = 0; i < values.length; i++) {
        eigenvalues.set(i, (float) values[i]);
      }
      SequencedMap<String, Tensor> tensors = new LinkedHashMap<>();
      tensors.put("eigenvalues", eigenvalues);
      tensors.put("eigenvectors", pairs.vectors());
      SafeTensorsWriter.write(file, Map.of(), tensors);
    }
    session.say("wrote " + file);
  }

  @Override
  public void close() {
    try (pairs) {
      learned.ifPresent(Tensor::close);
    }
  }
}
