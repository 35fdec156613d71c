package dev.eigenseg.train;

import dev.eigenseg.api.CancelledException;
import dev.eigenseg.api.Progress;
import java.io.IOException;
import java.util.BitSet;
import java.util.Optional;

/** Makes the updates that a run has left, and keeps a checkpoint now and then. */
final class TrainingLoop {
  private static final long CHECKPOINT_NANOS = 30_000_000_000L;

  private final TrainingPlan plan;
  private final TrainingState state;
  private final BatchSource batches;
  private final TrainingListener listener;
  private final Progress progress;
  private final ImageOrder order;
  private final Cosine rates;
  private final Cosine temperatures;
  private final long updates;
  private long saved = System.nanoTime();
  private long epochNanos;
  private long epochPatches;

  /** What an update was and gave; {@code index} and {@code epoch} from 0. */
  private record Update(
      long index,
      int epoch,
      double temperature,
      double rate,
      long patches,
      long nanos,
      BitSet used,
      PsiLearner.Outcome outcome) {}

  TrainingLoop(
      TrainingPlan plan,
      TrainingState state,
      BatchSource batches,
      TrainingListener listener,
      Progress progress) {
    this.plan = plan;
    this.state = state;
    this.batches = batches;
    this.listener = listener;
    this.progress = progress;
    order = new ImageOrder(plan);
    rates = plan.options().schedule().learningRate();
    temperatures = plan.options().schedule().temperature();
    updates = plan.updates();
  }

  /**
   * Makes all updates that are left.
   *
   * @param again what to do after the user stopped the run
   */
  void run(String again) throws IOException {
    RunHistory history = state.history();
    // Only what is left: rate and time left are those of this process, not of the one before.
    try (Progress.Task task = progress.start("train", updates - history.updates(), "updates")) {
      while (history.updates() < updates) {
        if (progress.cancelled()) {
          state.save(plan);
          throw new CancelledException(
              "training stopped after %d of %d updates; %s"
                  .formatted(history.updates(), updates, again));
        }
        step(task);
      }
    }
  }

  private void step(Progress.Task task) throws IOException {
    Update update = update();
    epochNanos += update.nanos();
    epochPatches += update.patches();
    task.advance(1);
    Optional<TrainingListener.Epoch> finished = Optional.empty();
    if (state.history().updates() % plan.updatesPerEpoch() == 0) {
      finished = Optional.of(endEpoch(update));
      saveIfDue();
    }
    // The listener comes last, when there is nothing left that it could leave half done.
    tell(update, finished);
  }

  private Update update() throws IOException {
    long began = System.nanoTime();
    long index = state.history().updates();
    int epoch = order.epoch(index);
    double temperature = temperatures.at(index, updates);
    double rate = rates.at(index, updates);
    BitSet used = new BitSet();
    try (Batch batch = batches.batch(order.images(index), epoch)) {
      PsiLearner.Outcome outcome =
          state.learner().update(batch, state.kernel(), index + 1, temperature, rate, used);
      if (!outcome.finite()) {
        throw Diagnosis.notFinite(
            plan.model(),
            plan.options(),
            batch,
            state.learner(),
            state.history(),
            outcome,
            temperature,
            rate);
      }
      state.history().add(outcome, used);
      long nanos = System.nanoTime() - began;
      return new Update(index, epoch, temperature, rate, batch.rows(), nanos, used, outcome);
    }
  }

  private TrainingListener.Epoch endEpoch(Update last) {
    double patchesPerSecond = epochPatches * 1e9 / epochNanos;
    epochNanos = 0;
    epochPatches = 0;
    return state
        .history()
        .endEpoch(
            plan.options().schedule().epochs(),
            plan.updatesPerEpoch(),
            last.temperature(),
            last.rate(),
            patchesPerSecond);
  }

  private void saveIfDue() throws IOException {
    if (System.nanoTime() - saved > CHECKPOINT_NANOS && state.history().updates() < updates) {
      state.save(plan);
      saved = System.nanoTime();
    }
  }

  private void tell(Update update, Optional<TrainingListener.Epoch> finished) {
    try {
      listener.step(
          new TrainingListener.Step(
              update.epoch() + 1,
              update.index() + 1,
              updates,
              update.outcome().loss(),
              update.outcome().regularizer(),
              update.temperature(),
              update.rate(),
              update.used().cardinality(),
              update.patches() * 1e9 / update.nanos()));
      finished.ifPresent(listener::epoch);
    } catch (RuntimeException e) {
      state.saveDespite(e, plan);
      throw e;
    }
  }
}
