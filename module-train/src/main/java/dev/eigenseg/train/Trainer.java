package dev.eigenseg.train;

import dev.eigenseg.api.BadInputException;
import dev.eigenseg.api.CancelledException;
import dev.eigenseg.api.CorruptFileException;
import dev.eigenseg.api.EigensegException;
import dev.eigenseg.api.IncompatibleException;
import dev.eigenseg.api.Progress;
import dev.eigenseg.api.bank.BankManifest;
import dev.eigenseg.api.bank.FeatureBank;
import dev.eigenseg.api.internal.file.OutputLock;
import dev.eigenseg.api.internal.resource.Closing;
import dev.eigenseg.api.tensor.Tensor;
import dev.eigenseg.graph.KnnEngines;
import dev.eigenseg.graph.KnnGraph;
import dev.eigenseg.infer.SegmenterFile;
import dev.eigenseg.infer.SegmenterMethod;
import dev.eigenseg.infer.SegmenterModel;
import dev.eigenseg.train.neuralef.Torch;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.SequencedMap;

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
  private final TrainingPlan plan;
  private final Optional<KnnGraph> graph;
  private final boolean overwrite;
  private final TrainingListener listener;
  private final Progress progress;

  private Trainer(
      TrainingPlan plan,
      Optional<KnnGraph> graph,
      boolean overwrite,
      TrainingListener listener,
      Progress progress) {
    this.plan = plan;
    this.graph = graph;
    this.overwrite = overwrite;
    this.listener = listener;
    this.progress = progress;
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
   * @throws dev.eigenseg.api.UnavailableException if the device is not here, or somebody else
   *     writes this model; nothing was done then
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
    Torch.engine(options.run().threads());
    Devices.require(options.run().device());
    TrainingPlan plan = TrainingPlan.of(bank, graph, options, model);
    if (!overwrite
        && !Files.exists(plan.checkpoint())
        && Artefacts.alreadyDone(model, plan.provenance())) {
      return done(plan); // also where nobody may write
    }
    try (OutputLock _ = OutputLock.ofFile(model)) {
      return new Trainer(plan, graph, overwrite, listener, progress).run();
    }
  }

  private TrainingResult run() throws IOException {
    long start = System.nanoTime();
    Path checkpoint = plan.checkpoint();
    if (overwrite) {
      Files.deleteIfExists(checkpoint);
      return fresh(start);
    }
    // The checkpoint goes first: that of a run begun with overwrite is beside the model it
    // replaces.
    if (Files.exists(checkpoint)) {
      Optional<Checkpoint.Opened> interrupted = interrupted(checkpoint);
      if (interrupted.isPresent()) {
        try (Checkpoint.Opened opened = interrupted.get()) {
          return resumed(opened, start);
        }
      }
    } else if (!Artefacts.alreadyDone(plan.model(), plan.provenance())) {
      return fresh(start);
    }
    return done(plan);
  }

  private static TrainingResult done(TrainingPlan plan) {
    return new TrainingResult(plan.model(), plan.updates(), List.of(), 0, false, true);
  }

  /** This run's checkpoint, or nothing if it is not to be used but the model is finished. */
  private Optional<Checkpoint.Opened> interrupted(Path checkpoint) throws IOException {
    try {
      return Optional.of(Checkpoint.open(checkpoint, plan.provenance()));
    } catch (IncompatibleException | CorruptFileException e) {
      if (Artefacts.alreadyDone(plan.model(), plan.provenance())) {
        return Optional.empty();
      }
      throw e;
    }
  }

  private TrainingResult fresh(long start) throws IOException {
    if (plan.updates() == 0) {
      return untrained(start);
    }
    try (PsiLearner learner = PsiLearner.fresh(plan.config(), plan.options());
        BatchSource batches = plan.batches();
        StepKernel kernel = kernel()) {
      if (kernel instanceof CrossBatchKernel crossBatch) {
        crossBatch.fill(plan, learner, batches, progress);
      }
      return finished(new TrainingState(learner, kernel, new RunHistory()), batches, false, start);
    }
  }

  /** Psi as it was initialised: the control that training is judged against. */
  private TrainingResult untrained(long start) throws IOException {
    try (PsiLearner learner = PsiLearner.fresh(plan.config(), plan.options())) {
      write(learner);
    }
    return new TrainingResult(plan.model(), 0, List.of(), seconds(start), false, false);
  }

  private TrainingResult resumed(Checkpoint.Opened opened, long start) throws IOException {
    try (PsiLearner learner =
            PsiLearner.restore(plan.config(), plan.options(), opened.tensors()::tensor);
        BatchSource batches = plan.batches();
        StepKernel kernel = kernel()) {
      if (kernel instanceof CrossBatchKernel crossBatch) {
        opened.restore(crossBatch.remembered());
      }
      return finished(new TrainingState(learner, kernel, opened.history()), batches, true, start);
    }
  }

  private StepKernel kernel() throws IOException {
    return plan.options().kernel().mode() == TrainingMode.IN_BATCH
        ? new InBatchKernel(KnnEngines.select("auto"), plan.options())
        : CrossBatchKernel.open(plan, graph.orElseThrow(), progress);
  }

  /** Makes the updates that are left, and the model of them. */
  private TrainingResult finished(
      TrainingState state, BatchSource batches, boolean resumed, long start) throws IOException {
    new TrainingLoop(plan, state, batches, listener, progress)
        .run("the same command%s continues".formatted(overwrite ? " without --overwrite" : ""));
    try {
      write(state.learner());
    } catch (CancelledException e) {
      state.save(plan);
      throw e;
    }
    Files.deleteIfExists(plan.checkpoint());
    return new TrainingResult(
        plan.model(), plan.updates(), state.history().epochs(), seconds(start), resumed, false);
  }

  private static double seconds(long start) {
    return (System.nanoTime() - start) / 1e9;
  }

  private void write(PsiLearner learner) throws IOException {
    BankManifest manifest = plan.bank().manifest();
    TrainingOptions options = plan.options();
    SequencedMap<String, Tensor> weights = learner.weights();
    try {
      SegmenterModel model =
          new SegmenterModel(
              Artefacts.info(SegmenterMethod.NEURAL_EIGENFUNCTIONS, options.clusters(), manifest),
              manifest.dims(),
              plan.scales(),
              Optional.of(plan.config()),
              false,
              (float) options.schedule().temperature().to(),
              plan.provenance(),
              weights);
      SegmenterFile.write(
          plan.model(),
          ClusterMerging.completed(plan.bank(), model, graph, options.run().threads(), progress));
    } finally {
      Closing.all(weights.values(), Tensor::close);
    }
  }
}
