package dev.eigenseg.train;

import java.io.IOException;
import java.util.Optional;

/**
 * What changes from update to update, and is kept in the checkpoint.
 *
 * @param learner psi; borrowed
 * @param kernel borrowed
 * @param history how far the run is
 */
record TrainingState(PsiLearner learner, StepKernel kernel, RunHistory history) {
  /** Writes the checkpoint. */
  void save(TrainingPlan plan) throws IOException {
    Optional<RememberedOutputs> remembered =
        kernel instanceof CrossBatchKernel crossBatch
            ? Optional.of(crossBatch.remembered())
            : Optional.empty();
    Checkpoint.write(plan.checkpoint(), plan.provenance(), history, learner, remembered);
  }

  /** Keeps the work that a failing listener, such as a log on a full disk, would lose. */
  void saveDespite(RuntimeException failure, TrainingPlan plan) {
    try {
      save(plan);
    } catch (IOException e) {
      failure.addSuppressed(e);
    }
  }
}
