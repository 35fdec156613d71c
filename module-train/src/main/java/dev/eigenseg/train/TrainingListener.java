package dev.eigenseg.train;

/**
 * Follows a training run. Called on the thread that trains; what a listener throws ends the run,
 * which keeps a checkpoint and can be continued. Nothing is told twice.
 */
public interface TrainingListener {
  /** Hears nothing. */
  TrainingListener NONE = new TrainingListener() {};

  /** After every update. */
  default void step(Step step) {}

  /** After every epoch. */
  default void epoch(Epoch epoch) {}

  /**
   * One update.
   *
   * @param epoch from 1
   * @param step from 1, over the whole run
   * @param steps updates of the whole run
   * @param loss the objective without the regulariser
   * @param regularizer the orthogonality term
   * @param temperature of the Gumbel-Softmax
   * @param learningRate of this update
   * @param clustersUsed clusters that are the largest output of at least one patch of the batch
   * @param patchesPerSecond patches of the batch by the wall time of the update
   */
  record Step(
      int epoch,
      long step,
      long steps,
      double loss,
      double regularizer,
      double temperature,
      double learningRate,
      int clustersUsed,
      double patchesPerSecond) {}

  /**
   * One epoch.
   *
   * @param epoch from 1
   * @param epochs of the whole run
   * @param step updates so far
   * @param loss the mean over the epoch's updates
   * @param regularizer the mean over the epoch's updates
   * @param temperature at the epoch's last update
   * @param learningRate at the epoch's last update
   * @param clustersUsed clusters that were the largest output of at least one patch of the epoch
   * @param patchesPerSecond over the epoch; after a resume, over the part that this process did
   */
  record Epoch(
      int epoch,
      int epochs,
      long step,
      double loss,
      double regularizer,
      double temperature,
      double learningRate,
      int clustersUsed,
      double patchesPerSecond) {}
}
