package dev.eigenseg.train;

import dev.eigenseg.api.BadInputException;
import dev.eigenseg.api.CancelledException;
import dev.eigenseg.api.CorruptFileException;
import dev.eigenseg.api.EigensegException;
import dev.eigenseg.api.IncompatibleException;
import dev.eigenseg.api.Progress;
import dev.eigenseg.api.Provenance;
import dev.eigenseg.api.bank.FeatureBank;
import dev.eigenseg.api.bank.ImageEntry;
import dev.eigenseg.api.bank.Level;
import dev.eigenseg.api.tensor.Tensor;
import dev.eigenseg.graph.KnnEngines;
import dev.eigenseg.graph.KnnGraph;
import dev.eigenseg.graph.kernel.BankKernel;
import dev.eigenseg.graph.kernel.NormalizedAdjacency;
import dev.eigenseg.graph.kernel.Workspace;
import dev.eigenseg.infer.FeatureScales;
import dev.eigenseg.infer.PsiConfig;
import dev.eigenseg.infer.SegmenterFile;
import dev.eigenseg.infer.SegmenterMethod;
import dev.eigenseg.infer.SegmenterModel;
import dev.eigenseg.train.neuralef.Cosine;
import dev.eigenseg.train.neuralef.Streams;
import dev.eigenseg.train.neuralef.Torch;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SequencedMap;
import java.util.TreeMap;

/**
 * Learns neural eigenfunctions (Deng et al. 2023, sections 3.2 and 3.3) from a feature bank. No
 * labels are involved.
 *
 * <p>A run keeps a checkpoint beside the model, {@code MODEL.checkpoint}, and the same call again
 * continues the very same run: with the same number of threads the model has the same bytes as that
 * of a run that was never interrupted. One update is computed at a time in a process, whatever
 * number of runs there are.
 */
public final class Trainer {
  private static final long CHECKPOINT_NANOS = 30_000_000_000L;

  private final FeatureBank bank;
  private final TrainingOptions options;
  private final Path model;
  private final boolean overwrite;
  private final TrainingListener listener;
  private final Progress progress;
  private final List<ImageEntry> images;
  private final FeatureScales scales;
  private final PsiConfig config;
  private final Provenance provenance;
  private final long updatesPerEpoch;
  private final long updates;

  private Trainer(
      FeatureBank bank,
      Optional<KnnGraph> graph,
      TrainingOptions options,
      Path model,
      boolean overwrite,
      TrainingListener listener,
      Progress progress)
      throws IOException {
    this.bank = bank;
    this.options = options;
    this.model = model;
    this.overwrite = overwrite;
    this.listener = listener;
    this.progress = progress;
    this.images = images(bank, options);
    this.scales =
        options.scaleInputs()
            ? new FeatureScales(
                bank.scale(Level.LOW), bank.scale(Level.MID), bank.scale(Level.HIGH))
            : FeatureScales.ONE;
    this.config = options.psi(bank.manifest().dims());
    this.provenance = provenance(bank, graph, options);
    this.updatesPerEpoch = images.size() / options.batchSize();
    this.updates = updatesPerEpoch * options.epochs();
  }

  /**
   * As {@link #train(FeatureBank, Optional, TrainingOptions, Path, boolean, TrainingListener,
   * Progress)}, never overwriting.
   */
  public static TrainingResult train(
      FeatureBank bank,
      Optional<KnnGraph> graph,
      TrainingOptions options,
      Path model,
      TrainingListener listener,
      Progress progress)
      throws IOException {
    return train(bank, graph, options, model, false, listener, progress);
  }

  /**
   * Trains, or continues, or finds that all is done.
   *
   * @param bank the features; borrowed
   * @param graph over the bank's high features, needed by {@link TrainingMode#CROSS_BATCH} alone;
   *     borrowed
   * @param options how
   * @param model the segmenter file to write
   * @param overwrite whether a model or checkpoint of other settings is replaced and the run begins
   *     anew; the earlier model stays until the new one is finished. To continue such a run when it
   *     was interrupted, call without overwriting
   * @param listener hears of every update and epoch
   * @param progress counts the updates that are left to do; a wish to stop is granted after the
   *     update under way, and a checkpoint kept
   * @throws BadInputException if the bank has too few images or patches for the options, the graph
   *     is missing, the memory is too small (see {@link TrainingMemory}), or images that are to be
   *     augmented are not where they were
   * @throws IncompatibleException if graph and bank do not belong together, or the place holds the
   *     work of other settings
   * @throws dev.eigenseg.api.UnavailableException if the device is not here; nothing was done then
   * @throws CancelledException if the user asked to stop
   * @throws EigensegException if a loss is not finite; the message names a file that tells what led
   *     there
   */
  public static TrainingResult train(
      FeatureBank bank,
      Optional<KnnGraph> graph,
      TrainingOptions options,
      Path model,
      boolean overwrite,
      TrainingListener listener,
      Progress progress)
      throws IOException {
    Torch.engine(options.threads());
    Devices.require(options.device());
    check(bank, graph, options);
    return new Trainer(bank, graph, options, model, overwrite, listener, progress).run(graph);
  }

  private static void check(FeatureBank bank, Optional<KnnGraph> graph, TrainingOptions options) {
    if (options.clusters() > bank.rows()) {
      throw new BadInputException(
          "%d clusters from %d patches: use fewer clusters or more images"
              .formatted(options.clusters(), bank.rows()));
    }
    List<ImageEntry> images = images(bank, options);
    if (options.batchSize() > images.size()) {
      throw new BadInputException(
          "a batch of %d images from a bank of %d: lower batch-size or add images"
              .formatted(options.batchSize(), images.size()));
    }
    if (options.mode() == TrainingMode.CROSS_BATCH) {
      KnnGraph found =
          graph.orElseThrow(() ->
              new BadInputException(
                  "cross-batch training needs the graph of the bank: run 'eigenseg graph' first"));
      if (found.rows() != bank.rows()) {
        throw new IncompatibleException(
            "the graph has %d rows and the bank %d patches: run 'eigenseg graph' on this bank again"
                .formatted(found.rows(), bank.rows()));
      }
      TrainingMemory.plan(bank, options);
    }
  }

  /** What an epoch goes through: to augment what was augmented already makes no sense. */
  private static List<ImageEntry> images(FeatureBank bank, TrainingOptions options) {
    return options.augmentation().isPresent()
        ? bank.images().stream().filter(ImageEntry::plain).toList()
        : bank.images();
  }

  private static Provenance provenance(
      FeatureBank bank, Optional<KnnGraph> graph, TrainingOptions options) throws IOException {
    Map<String, String> settings = new TreeMap<>(options.settings());
    settings.put("method", SegmenterMethod.NEURAL_EIGENFUNCTIONS.text());
    Map<String, String> inputs = new TreeMap<>();
    inputs.put("bank", bank.identity());
    inputs.put("backbone", bank.manifest().backboneSha256());
    if (options.mode() == TrainingMode.CROSS_BATCH) {
      graph.ifPresent(found -> inputs.put("graph", Artefacts.identity(found)));
    }
    return Provenance.here("train", settings, inputs, options.seed(), options.device())
        .withVersion("pytorch", Torch.engine().getVersion());
  }

  private TrainingResult run(Optional<KnnGraph> graph) throws IOException {
    long start = System.nanoTime();
    Path checkpoint = Checkpoint.beside(model);
    if (overwrite) {
      Files.deleteIfExists(checkpoint);
      return fresh(graph, start);
    }
    // The checkpoint goes first: that of a run begun with overwrite is beside the model it
    // replaces.
    if (Files.exists(checkpoint)) {
      Optional<Checkpoint.Opened> interrupted = interrupted(checkpoint);
      if (interrupted.isPresent()) {
        try (Checkpoint.Opened opened = interrupted.get()) {
          return resumed(graph, opened, start);
        }
      }
    } else if (!Artefacts.alreadyDone(model, provenance)) {
      return fresh(graph, start);
    }
    return new TrainingResult(model, updates, List.of(), 0, false, true);
  }

  /** This run's checkpoint, or nothing if it is not to be used but the model is finished. */
  private Optional<Checkpoint.Opened> interrupted(Path checkpoint) throws IOException {
    try {
      return Optional.of(Checkpoint.open(checkpoint, provenance));
    } catch (IncompatibleException | CorruptFileException e) {
      if (Artefacts.alreadyDone(model, provenance)) {
        return Optional.empty();
      }
      throw e;
    }
  }

  private TrainingResult fresh(Optional<KnnGraph> graph, long start) throws IOException {
    if (updates == 0) {
      return untrained(start);
    }
    try (PsiLearner learner = PsiLearner.fresh(config, options);
        BatchSource batches = batches();
        StepKernel kernel = kernel(graph)) {
      if (kernel instanceof CrossBatchKernel crossBatch) {
        fill(crossBatch.remembered(), learner, batches);
      }
      return loop(learner, batches, kernel, new RunHistory(), false, start);
    }
  }

  /** Psi as it was initialised: the control that training is judged against. */
  private TrainingResult untrained(long start) throws IOException {
    try (PsiLearner learner = PsiLearner.fresh(config, options)) {
      write(learner);
    }
    return new TrainingResult(model, 0, List.of(), (System.nanoTime() - start) / 1e9, false, false);
  }

  private TrainingResult resumed(Optional<KnnGraph> graph, Checkpoint.Opened opened, long start)
      throws IOException {
    try (PsiLearner learner = PsiLearner.restore(config, options, opened.tensors()::tensor);
        BatchSource batches = batches();
        StepKernel kernel = kernel(graph)) {
      if (kernel instanceof CrossBatchKernel crossBatch) {
        opened.restore(crossBatch.remembered());
      }
      return loop(learner, batches, kernel, opened.history(), true, start);
    }
  }

  private BatchSource batches() throws IOException {
    return options.augmentation().isPresent()
        ? AugmentedBatches.open(
            bank.manifest(), images, scales, options.augmentation().get(), options)
        : new BankBatches(bank, scales);
  }

  private StepKernel kernel(Optional<KnnGraph> graph) throws IOException {
    if (options.mode() == TrainingMode.IN_BATCH) {
      return new InBatchKernel(KnnEngines.select("auto"), options);
    }
    NormalizedAdjacency adjacency = bankKernel(graph.orElseThrow());
    try {
      return new CrossBatchKernel(
          adjacency,
          new RememberedOutputs(bank.rows(), options.clusters(), options.outputsDtype()),
          options.threads());
    } catch (RuntimeException | Error e) {
      adjacency.close();
      throw e;
    }
  }

  private NormalizedAdjacency bankKernel(KnnGraph graph) throws IOException {
    Workspace space = TrainingMemory.plan(bank, options).matrix(model.toAbsolutePath().getParent());
    return BankKernel.of(
        bank,
        graph,
        options.pixelWeight(),
        options.pixelGraph(),
        space,
        options.threads(),
        progress);
  }

  private void fill(RememberedOutputs remembered, PsiLearner learner, BatchSource batches)
      throws IOException {
    try (Progress.Task task = progress.start("first outputs", images.size(), "images")) {
      for (int first = 0; first < images.size(); first += options.batchSize()) {
        progress.checkCancelled();
        List<ImageEntry> chosen =
            images.subList(first, Math.min(images.size(), first + options.batchSize()));
        try (Batch batch = batches.batch(chosen, 0)) {
          learner.outputs(
              batch,
              outputs -> {
                long row = 0;
                for (Batch.Part part : batch.parts()) {
                  ImageEntry image = part.image();
                  remembered.write(image.firstRow(), image.patches(), outputs, row);
                  row += image.patches();
                }
              });
        }
        task.advance(chosen.size());
      }
    }
    remembered.refreshNorms(options.threads());
  }

  private TrainingResult loop(
      PsiLearner learner,
      BatchSource batches,
      StepKernel kernel,
      RunHistory history,
      boolean resumed,
      long start)
      throws IOException {
    Cosine temperatures = new Cosine(options.temperature(), options.finalTemperature());
    Cosine rates = new Cosine(options.learningRate(), options.finalLearningRate());
    long saved = System.nanoTime();
    // Only what is left: rate and time left are those of this process, not of the one before.
    try (Progress.Task task = progress.start("train", updates - history.updates(), "updates")) {
      long epochNanos = 0;
      long epochPatches = 0;
      int[] order = new int[0];
      int orderOf = -1;
      while (history.updates() < updates) {
        if (progress.cancelled()) {
          save(learner, kernel, history);
          throw new CancelledException(
              "training stopped after %d of %d updates; the same command%s continues"
                  .formatted(history.updates(), updates, overwrite ? " without --overwrite" : ""));
        }
        long began = System.nanoTime();
        long index = history.updates();
        int epoch = Math.toIntExact(index / updatesPerEpoch);
        if (epoch != orderOf) {
          order =
              Streams.permutation(
                  Streams.stream(options.seed(), Streams.Purpose.ORDER, epoch), images.size());
          orderOf = epoch;
        }
        double temperature = temperatures.at(index, updates);
        double rate = rates.at(index, updates);
        BitSet used = new BitSet();
        PsiLearner.Outcome outcome;
        long rows;
        try (Batch batch = batches.batch(chosen(order, index % updatesPerEpoch), epoch)) {
          rows = batch.rows();
          outcome = learner.update(batch, kernel, index + 1, temperature, rate, used);
          if (!outcome.finite()) {
            throw Diagnosis.notFinite(
                model, options, batch, learner, history, outcome, temperature, rate);
          }
        }
        history.add(outcome, used);
        long nanos = System.nanoTime() - began;
        epochNanos += nanos;
        epochPatches += rows;
        task.advance(1);
        Optional<TrainingListener.Epoch> finished = Optional.empty();
        if (history.updates() % updatesPerEpoch == 0) {
          finished =
              Optional.of(
                  history.endEpoch(
                      options.epochs(),
                      updatesPerEpoch,
                      temperature,
                      rate,
                      epochPatches * 1e9 / epochNanos));
          epochNanos = 0;
          epochPatches = 0;
          if (System.nanoTime() - saved > CHECKPOINT_NANOS && history.updates() < updates) {
            save(learner, kernel, history);
            saved = System.nanoTime();
          }
        }
        // The listener comes last, when there is nothing left that it could leave half done.
        try {
          listener.step(
              new TrainingListener.Step(
                  epoch + 1,
                  index + 1,
                  updates,
                  outcome.loss(),
                  outcome.regularizer(),
                  temperature,
                  rate,
                  used.cardinality(),
                  rows * 1e9 / nanos));
          finished.ifPresent(listener::epoch);
        } catch (RuntimeException e) {
          saveDespite(e, learner, kernel, history);
          throw e;
        }
      }
    }
    write(learner);
    Files.deleteIfExists(Checkpoint.beside(model));
    return new TrainingResult(
        model, updates, history.epochs(), (System.nanoTime() - start) / 1e9, resumed, false);
  }

  private List<ImageEntry> chosen(int[] order, long updateOfEpoch) {
    List<ImageEntry> chosen = new ArrayList<>();
    int first = Math.toIntExact(updateOfEpoch * options.batchSize());
    for (int i = first; i < first + options.batchSize(); i++) {
      chosen.add(images.get(order[i]));
    }
    return chosen;
  }

  private void save(PsiLearner learner, StepKernel kernel, RunHistory history) throws IOException {
    Optional<RememberedOutputs> remembered =
        kernel instanceof CrossBatchKernel crossBatch
            ? Optional.of(crossBatch.remembered())
            : Optional.empty();
    Checkpoint.write(Checkpoint.beside(model), provenance, history, learner, remembered);
  }

  /** Keeps the work that a failing listener, such as a log on a full disk, would lose. */
  private void saveDespite(
      RuntimeException failure, PsiLearner learner, StepKernel kernel, RunHistory history) {
    try {
      save(learner, kernel, history);
    } catch (IOException e) {
      failure.addSuppressed(e);
    }
  }

  private void write(PsiLearner learner) throws IOException {
    SequencedMap<String, Tensor> weights = learner.weights();
    try {
      SegmenterFile.write(
          model,
          new SegmenterModel(
              Artefacts.info(
                  SegmenterMethod.NEURAL_EIGENFUNCTIONS, options.clusters(), bank.manifest()),
              bank.manifest().dims(),
              scales,
              Optional.of(config),
              false,
              (float) options.finalTemperature(),
              provenance,
              weights));
    } finally {
      weights.values().forEach(Tensor::close);
    }
  }
}
