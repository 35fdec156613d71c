package dev.eigenseg.train;

import dev.eigenseg.train.TrainingListener.Epoch;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.Objects;

/** How far a run is, and the sums of the epoch under way. */
final class RunHistory {
  private final List<Epoch> epochs;
  private final BitSet used;
  private long updates;
  private double loss;
  private double regularizer;

  /**
   * What a checkpoint keeps.
   *
   * @param updates done
   * @param loss the sum over the epoch under way
   * @param regularizer likewise
   * @param used clusters of the epoch under way, as the words of a bit set
   * @param epochs finished
   */
  @SuppressWarnings("ArrayRecordComponent")
  record State(long updates, double loss, double regularizer, long[] used, List<Epoch> epochs) {
    /** Checks what a file may hold. */
    State {
      if (updates < 0
          || used == null
          || epochs == null
          || epochs.stream().anyMatch(Objects::isNull)) {
        throw new IllegalArgumentException("no history of a run");
      }
    }
  }

  RunHistory() {
    this(new State(0, 0, 0, new long[0], List.of()));
  }

  RunHistory(State state) {
    updates = state.updates();
    loss = state.loss();
    regularizer = state.regularizer();
    used = BitSet.valueOf(state.used());
    epochs = new ArrayList<>(state.epochs());
  }

  State state() {
    return new State(updates, loss, regularizer, used.toLongArray(), List.copyOf(epochs));
  }

  long updates() {
    return updates;
  }

  List<Epoch> epochs() {
    return epochs;
  }

  void add(PsiLearner.Outcome outcome, BitSet clusters) {
    updates++;
    loss += outcome.loss();
    regularizer += outcome.regularizer();
    used.or(clusters);
  }

  /** Closes the epoch under way. */
  Epoch endEpoch(
      int of,
      long updatesPerEpoch,
      double temperature,
      double learningRate,
      double patchesPerSecond) {
    Epoch epoch =
        new Epoch(
            epochs.size() + 1,
            of,
            updates,
            loss / updatesPerEpoch,
            regularizer / updatesPerEpoch,
            temperature,
            learningRate,
            used.cardinality(),
            patchesPerSecond);
    epochs.add(epoch);
    loss = 0;
    regularizer = 0;
    used.clear();
    return epoch;
  }
}
