package dev.eigenseg.train;

import dev.eigenseg.api.BadInputException;
import dev.eigenseg.api.IncompatibleException;
import dev.eigenseg.api.Provenance;
import dev.eigenseg.api.bank.FeatureBank;
import dev.eigenseg.api.bank.ImageEntry;
import dev.eigenseg.api.bank.Level;
import dev.eigenseg.graph.KnnGraph;
import dev.eigenseg.infer.FeatureScales;
import dev.eigenseg.infer.PsiConfig;
import dev.eigenseg.infer.SegmenterMethod;
import dev.eigenseg.train.neuralef.Torch;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/**
 * What stays the same for a whole run.
 *
 * @param bank borrowed
 * @param model the file to write
 * @param images what an epoch goes through
 * @param scales of the features
 * @param config psi's shapes
 * @param provenance what the model and the checkpoint say of where they come from
 */
record TrainingPlan(
    FeatureBank bank,
    TrainingOptions options,
    Path model,
    List<ImageEntry> images,
    FeatureScales scales,
    PsiConfig config,
    Provenance provenance) {
  /**
   * Plans a run.
   *
   * @throws BadInputException if bank, graph or memory are too small for the options
   * @throws IncompatibleException if graph and bank do not belong together
   */
  static TrainingPlan of(
      FeatureBank bank, Optional<KnnGraph> graph, TrainingOptions options, Path model)
      throws IOException {
    List<ImageEntry> images = images(bank, options);
    requireEnough(bank, images, options);
    if (options.kernel().mode() == TrainingMode.CROSS_BATCH) {
      requireGraph(bank, graph);
      TrainingMemory.plan(bank, options);
    } else {
      TrainingMemory.requireInBatch(bank, options);
    }
    return new TrainingPlan(
        bank,
        options,
        model,
        images,
        scales(bank, options),
        options.psi(bank.manifest().dims()),
        provenance(bank, graph, options));
  }

  /** To augment what was augmented already makes no sense. */
  private static List<ImageEntry> images(FeatureBank bank, TrainingOptions options) {
    return options.schedule().augmentation().isPresent()
        ? bank.images().stream().filter(ImageEntry::plain).toList()
        : bank.images();
  }

  private static void requireEnough(
      FeatureBank bank, List<ImageEntry> images, TrainingOptions options) {
    if (options.clusters() > bank.rows()) {
      throw new BadInputException(
          "%d clusters from %d patches: use fewer clusters or more images"
              .formatted(options.clusters(), bank.rows()));
    }
    int batchSize = options.schedule().batchSize();
    if (batchSize > images.size()) {
      throw new BadInputException(
          "a batch of %d images from a bank of %d: lower batch-size or add images"
              .formatted(batchSize, images.size()));
    }
  }

  private static void requireGraph(FeatureBank bank, Optional<KnnGraph> graph) {
    KnnGraph found =
        graph.orElseThrow(() ->
            new BadInputException(
                "cross-batch training needs the graph of the bank: run 'eigenseg graph' first"));
    if (found.rows() != bank.rows()) {
      throw new IncompatibleException(
          "the graph has %d rows and the bank %d patches: run 'eigenseg graph' on this bank again"
              .formatted(found.rows(), bank.rows()));
    }
  }

  private static FeatureScales scales(FeatureBank bank, TrainingOptions options) {
    return options.network().scaleInputs()
        ? new FeatureScales(bank.scale(Level.LOW), bank.scale(Level.MID), bank.scale(Level.HIGH))
        : FeatureScales.ONE;
  }

  private static Provenance provenance(
      FeatureBank bank, Optional<KnnGraph> graph, TrainingOptions options) throws IOException {
    Map<String, String> settings = new TreeMap<>(options.settings());
    settings.put("method", SegmenterMethod.NEURAL_EIGENFUNCTIONS.text());
    Map<String, String> inputs = new TreeMap<>();
    inputs.put("bank", bank.identity());
    inputs.put("backbone", bank.manifest().backboneSha256());
    if (options.kernel().mode() == TrainingMode.CROSS_BATCH) {
      graph.ifPresent(found -> inputs.put("graph", Artefacts.identity(found)));
    }
    return Provenance.here("train", settings, inputs, options.run().seed(), options.run().device())
        .withVersion("pytorch", Torch.engine().getVersion());
  }

  long updatesPerEpoch() {
    return images.size() / options.schedule().batchSize();
  }

  /** Of the whole run. */
  long updates() {
    return updatesPerEpoch() * options.schedule().epochs();
  }

  Path checkpoint() {
    return Checkpoint.beside(model);
  }

  /** Where patches come from; the caller owns it. */
  BatchSource batches() throws IOException {
    Optional<Augmentation> augmentation = options.schedule().augmentation();
    return augmentation.isPresent()
        ? AugmentedBatches.open(
            bank.directory(), bank.manifest(), images, scales, augmentation.get(), options)
        : new BankBatches(bank, scales);
  }
}
