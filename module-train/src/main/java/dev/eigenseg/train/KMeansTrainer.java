package dev.eigenseg.train;

import dev.eigenseg.api.BadInputException;
import dev.eigenseg.api.ImageGeometry;
import dev.eigenseg.api.IncompatibleException;
import dev.eigenseg.api.Progress;
import dev.eigenseg.api.Provenance;
import dev.eigenseg.api.bank.FeatureBank;
import dev.eigenseg.api.bank.Level;
import dev.eigenseg.api.internal.file.Hashes;
import dev.eigenseg.api.internal.file.OutputLock;
import dev.eigenseg.api.tensor.FeatureRows;
import dev.eigenseg.api.tensor.Tensor;
import dev.eigenseg.graph.kmeans.DensitySample;
import dev.eigenseg.graph.kmeans.KMeans;
import dev.eigenseg.graph.kmeans.KMeansOptions;
import dev.eigenseg.graph.kmeans.KMeansResult;
import dev.eigenseg.infer.FeatureScales;
import dev.eigenseg.infer.SegmenterFile;
import dev.eigenseg.infer.SegmenterMethod;
import dev.eigenseg.infer.SegmenterModel;
import java.io.IOException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.SequencedMap;
import java.util.TreeMap;

/**
 * Makes segmenters by k-means: on the high features of a bank, or on psi's hidden representation.
 * Needs no tensor engine.
 */
public final class KMeansTrainer {
  private static final String PSI = "psi";

  private KMeansTrainer() {}

  /**
   * K-means on the high features (the baseline "K-means").
   *
   * @param bank the features; borrowed
   * @param options how
   * @param model the segmenter file to write
   * @param overwrite whether a model of other settings is replaced
   * @throws BadInputException if there are fewer patches than clusters
   * @throws IncompatibleException if a model of other settings is there and not to be replaced
   */
  public static TrainingResult features(
      FeatureBank bank, KMeansOptions options, Path model, boolean overwrite, Progress progress)
      throws IOException {
    return features(bank, options, Optional.empty(), model, overwrite, progress);
  }

  /**
   * As {@link #features(FeatureBank, KMeansOptions, Path, boolean, Progress)}, of patches that are
   * chosen to lie less unevenly.
   *
   * @param density how; nothing takes every patch once
   */
  public static TrainingResult features(
      FeatureBank bank,
      KMeansOptions options,
      Optional<DensityBalance> density,
      Path model,
      boolean overwrite,
      Progress progress)
      throws IOException {
    Provenance provenance =
        provenance(
            SegmenterMethod.KMEANS_FEATURES, options, density, Map.of("bank", bank.identity()));
    check(bank, options);
    if (isDone(model, provenance, overwrite)) {
      return done(model); // also where nobody may write
    }
    try (OutputLock _ = OutputLock.ofFile(model)) {
      if (isDone(model, provenance, overwrite)) {
        return done(model);
      }
      return features(bank, options, density, model, provenance, progress);
    }
  }

  private static TrainingResult features(
      FeatureBank bank,
      KMeansOptions options,
      Optional<DensityBalance> density,
      Path model,
      Provenance provenance,
      Progress progress)
      throws IOException {
    long start = System.nanoTime();
    try (KMeansResult result = fit(bank.level(Level.HIGH), options, density, progress)) {
      SegmenterModel found = model(bank, options, result.centroids(), provenance);
      write(bank, found, density, options.threads(), model, progress);
      return done(model, result, start);
    }
  }

  private static SegmenterModel model(
      FeatureBank bank, KMeansOptions options, Tensor centroids, Provenance provenance) {
    SequencedMap<String, Tensor> tensors = new LinkedHashMap<>();
    tensors.put(SegmenterModel.CENTROIDS, centroids);
    return new SegmenterModel(
        Artefacts.info(SegmenterMethod.KMEANS_FEATURES, options.clusters(), bank.manifest()),
        bank.manifest().dims(),
        FeatureScales.ONE,
        Optional.empty(),
        options.normalizeRows(),
        SegmenterModel.LOGIT_DIVISOR,
        provenance,
        tensors);
  }

  /**
   * Writes a segmenter of centroids of the high features that were found elsewhere, such as on many
   * machines.
   *
   * @param bank the features; borrowed
   * @param options with which they were found
   * @param centroids float32 {@code [K, d]}; borrowed
   * @param search how they were found, in a few words that go into the provenance
   * @param model the segmenter file to write; replaced if it is there
   */
  public static void centroids(
      FeatureBank bank,
      KMeansOptions options,
      Tensor centroids,
      String search,
      Path model,
      Progress progress)
      throws IOException {
    Provenance provenance =
        provenance(
                SegmenterMethod.KMEANS_FEATURES,
                options,
                Optional.empty(),
                Map.of("bank", bank.identity()))
            .withSettings(Map.of("search", search));
    try (OutputLock _ = OutputLock.ofFile(model)) {
      SegmenterModel found = model(bank, options, centroids, provenance);
      write(bank, found, Optional.empty(), options.threads(), model, progress);
    }
  }

  /**
   * K-means on psi's hidden representation ("Ours*").
   *
   * @param bank the features; borrowed
   * @param trained a model with a psi that was trained on the same backbone and geometry; the bank
   *     may hold other images, as features are divided by the scales that psi was trained with
   * @param options how
   * @param model the segmenter file to write
   * @param overwrite whether a model of other settings is replaced
   * @throws BadInputException if there are fewer patches than clusters, or {@code trained} has no
   *     psi
   * @throws IncompatibleException if psi was trained on another backbone or geometry, or a model of
   *     other settings is there and not to be replaced
   */
  public static TrainingResult hidden(
      FeatureBank bank,
      Path trained,
      KMeansOptions options,
      Path model,
      boolean overwrite,
      Progress progress)
      throws IOException {
    return hidden(bank, trained, options, Optional.empty(), model, overwrite, progress);
  }

  /**
   * As {@link #hidden(FeatureBank, Path, KMeansOptions, Path, boolean, Progress)}, of patches that
   * are chosen to lie less unevenly.
   *
   * @param density how; nothing takes every patch once
   */
  public static TrainingResult hidden(
      FeatureBank bank,
      Path trained,
      KMeansOptions options,
      Optional<DensityBalance> density,
      Path model,
      boolean overwrite,
      Progress progress)
      throws IOException {
    long start = System.nanoTime();
    check(bank, options);
    try (SegmenterFile source = SegmenterFile.open(trained)) {
      SegmenterModel psiModel = source.model();
      checkSource(bank, trained, psiModel);
      Provenance provenance =
          provenance(
              SegmenterMethod.KMEANS_HIDDEN,
              options,
              density,
              Map.of(
                  "bank",
                  bank.identity(),
                  PSI,
                  psiIdentity(psiModel),
                  PSI + Provenance.RECIPE, // by which models of other seeds are found
                  Hashes.sha256(psiModel.provenance().recipe().toJson().toString())));
      if (isDone(model, provenance, overwrite)) {
        return done(model);
      }
      try (OutputLock _ = OutputLock.ofFile(model);
          Tensor hidden = BankPsi.hidden(bank, psiModel, options.threads(), progress);
          KMeansResult result = fit(FeatureRows.of(hidden), options, density, progress)) {
        SequencedMap<String, Tensor> tensors = psiWeights(psiModel);
        tensors.put(SegmenterModel.CENTROIDS, result.centroids());
        SegmenterModel found =
            new SegmenterModel(
                Artefacts.info(SegmenterMethod.KMEANS_HIDDEN, options.clusters(), bank.manifest()),
                psiModel.dims(),
                psiModel.scales(),
                psiModel.psi(),
                options.normalizeRows(),
                SegmenterModel.LOGIT_DIVISOR,
                provenance,
                tensors);
        write(bank, found, density, options.threads(), model, progress);
        return done(model, result, start);
      }
    }
  }

  private static boolean isDone(Path model, Provenance provenance, boolean overwrite)
      throws IOException {
    return !overwrite && Artefacts.alreadyDone(model, provenance);
  }

  private static TrainingResult done(Path model) {
    return new TrainingResult(model, 0, List.of(), 0, false, true);
  }

  private static void write(
      FeatureBank bank,
      SegmenterModel model,
      Optional<DensityBalance> density,
      int threads,
      Path target,
      Progress progress)
      throws IOException {
    SegmenterFile.write(
        target,
        ClusterMerging.completed(
            bank, model, density.map(DensityBalance::graph), threads, progress));
  }

  private static TrainingResult done(Path model, KMeansResult result, long start) {
    double seconds = (System.nanoTime() - start) / 1e9;
    return new TrainingResult(model, result.iterations(), List.of(), seconds, false, false);
  }

  private static void check(FeatureBank bank, KMeansOptions options) {
    if (options.clusters() > bank.rows()) {
      throw new BadInputException(
          "%d clusters from %d patches: use fewer clusters or more images"
              .formatted(options.clusters(), bank.rows()));
    }
  }

  private static void checkSource(FeatureBank bank, Path trained, SegmenterModel psiModel) {
    if (psiModel.psi().isEmpty()) {
      throw new BadInputException(
          "%s is a %s model without a psi; train one with --method neural-eigenfunctions"
              .formatted(trained, psiModel.method().text()));
    }
    if (!psiModel.info().backboneSha256().equals(bank.manifest().backboneSha256())) {
      throw new IncompatibleException(
          "%s was trained on backbone %s, the bank holds features of %s"
              .formatted(trained, psiModel.info().backboneId(), bank.manifest().backboneId()));
    }
    if (!psiModel.info().geometry().equals(bank.manifest().geometry())) {
      throw new IncompatibleException(
          "%s was trained on %s, the bank holds %s: train psi on this bank, or give that of its size"
              .formatted(
                  trained, text(psiModel.info().geometry()), text(bank.manifest().geometry())));
    }
  }

  private static String text(ImageGeometry geometry) {
    return String.format(
        Locale.ROOT,
        "patches of %d pixels from images %s, border %s%s",
        geometry.patchSize(),
        geometry.resize().map(size -> "at " + size).orElse("in their own size"),
        geometry.border().text(),
        geometry.bands().map(bands -> ", bands " + bands).orElse(""));
  }

  private static KMeansResult fit(
      FeatureRows rows, KMeansOptions options, Optional<DensityBalance> density, Progress progress)
      throws IOException {
    if (density.isEmpty()) {
      return KMeans.fit(rows, options, progress);
    }
    try (DensitySample sample = density.get().sample(rows, options.seed())) {
      return KMeans.fit(sample, options, progress);
    }
  }

  private static Provenance provenance(
      SegmenterMethod method,
      KMeansOptions options,
      Optional<DensityBalance> density,
      Map<String, String> inputs) {
    Map<String, String> settings = new TreeMap<>();
    Map<String, String> sources = new TreeMap<>(inputs);
    settings.put("method", method.text());
    settings.put("clusters", Integer.toString(options.clusters()));
    settings.put("inits", Integer.toString(options.inits()));
    settings.put("max-iterations", Integer.toString(options.maxIterations()));
    settings.put("tolerance", Double.toString(options.tolerance()));
    settings.put("normalize-rows", Boolean.toString(options.normalizeRows()));
    settings.put("batch-rows", Integer.toString(options.batchRows()));
    settings.put("seed", Long.toString(options.seed()));
    density.ifPresent(balance -> {
      settings.put("density-power", Double.toString(balance.power()));
      sources.put("graph", Artefacts.identity(balance.graph()));
    });
    return Provenance.here("train", settings, sources, options.seed(), "cpu");
  }

  private static String psiIdentity(SegmenterModel psiModel) {
    StringBuilder sums = new StringBuilder();
    for (Tensor weight : psiWeights(psiModel).values()) {
      sums.append("%08x".formatted(Hashes.crc32c(weight.segment())));
    }
    return sums.toString();
  }

  private static SequencedMap<String, Tensor> psiWeights(SegmenterModel psiModel) {
    SequencedMap<String, Tensor> weights = new LinkedHashMap<>();
    for (String name : psiModel.psi().orElseThrow().weightShapes().keySet()) {
      weights.put(name, psiModel.tensors().get(name));
    }
    return weights;
  }
}
