package dev.eigenseg.train;

import java.nio.file.Path;
import java.util.List;

/**
 * A finished training run.
 *
 * @param model the segmenter file
 * @param steps updates of the whole run
 * @param history the epochs, those before a resume included
 * @param seconds wall time of this process
 * @param resumed whether the run continued from a checkpoint
 * @param alreadyDone whether the model was there before, with the same settings; nothing was
 *     trained then and the history is empty
 */
public record TrainingResult(
    Path model,
    long steps,
    List<TrainingListener.Epoch> history,
    double seconds,
    boolean resumed,
    boolean alreadyDone) {
  /** Copies the list. */
  public TrainingResult {
    history = List.copyOf(history);
  }
}
