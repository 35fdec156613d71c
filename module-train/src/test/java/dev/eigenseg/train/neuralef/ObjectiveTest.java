package dev.eigenseg.train.neuralef;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import ai.djl.training.GradientCollector;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class ObjectiveTest {
  private record Balance(float value, List<Float> gradient) {}

  /** The term on softmax of logits, and its gradient with respect to them. */
  private static Balance balance(double weight, int clusters, float... logits) {
    try (NDManager scope = Torch.engine().newBaseManager();
        GradientCollector collector = Torch.engine().newGradientCollector()) {
      NDArray leaf = scope.create(logits, new Shape(logits.length / clusters, clusters));
      leaf.setRequiresGradient(true);
      NDArray term = Objective.negativeEntropy(Outputs.softmax(leaf, 1), weight);
      collector.backward(term);
      return new Balance(term.getFloat(), floats(leaf.getGradient()));
    }
  }

  private static List<Float> floats(NDArray array) {
    List<Float> values = new ArrayList<>();
    for (float value : array.toFloatArray()) {
      values.add(value);
    }
    return values;
  }

  @Test
  void theBalanceIsLeastWhereClustersAreUsedAlike() {
    // Opposite rows: each is uneven, their mean is not.
    Balance even = balance(2, 2, 3, -3, -3, 3);
    assertEquals(-2 * Math.log(2), even.value(), 1e-5);
    even.gradient().forEach(slope -> assertEquals(0, slope, 1e-6));

    // One row with softmax (0.8, 0.2): d/dz_j = w m_j (log m_j - sum_i m_i log m_i).
    double entropy = 0.8 * Math.log(0.8) + 0.2 * Math.log(0.2);
    double slope = 2 * 0.8 * (Math.log(0.8) - entropy);
    Balance uneven = balance(2, 2, (float) Math.log(4), 0);
    assertEquals(2 * entropy, uneven.value(), 1e-5);
    assertEquals(slope, uneven.gradient().getFirst(), 1e-5);
    assertEquals(-slope, uneven.gradient().getLast(), 1e-5);
    assertTrue(slope > 0, "descending takes from the cluster that is used more");
  }

  @Test
  void anEmptyClusterKeepsTheBalanceFinite() {
    Balance empty = balance(1, 3, 200, 0, -200);
    assertEquals(0, empty.value(), 1e-5);
    empty.gradient().forEach(slope -> assertTrue(Float.isFinite(slope), "slope " + slope));
  }
}
