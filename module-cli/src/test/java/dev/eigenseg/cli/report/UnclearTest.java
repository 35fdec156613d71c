package dev.eigenseg.cli.report;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.eigenseg.api.ClassList;
import dev.eigenseg.api.ClusterNames;
import dev.eigenseg.api.PatchLogits;
import dev.eigenseg.api.tensor.DType;
import dev.eigenseg.api.tensor.Tensor;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class UnclearTest {
  private static PatchLogits logits(float[]... rows) {
    Tensor values = Tensor.allocate(DType.F32, rows.length, rows[0].length);
    for (int i = 0; i < rows.length; i++) {
      for (int k = 0; k < rows[i].length; k++) {
        values.set((long) i * rows[i].length + k, rows[i][k]);
      }
    }
    return new PatchLogits(1, rows.length, values, 1);
  }

  @Test
  void clarityIsTheLeadOverAnotherName() {
    ClassList classes =
        new ClassList(
            List.of(new ClassList.NamedClass("sky", 1), new ClassList.NamedClass("road", 2)));
    ClusterNames names = new ClusterNames(classes, new int[] {0, 0, 1}, "names");
    try (PatchLogits logits = logits(new float[] {5, 4, 1}, new float[] {0, 2, 7})) {
      Decisions decisions = Decisions.of(logits, Optional.of(names));
      assertArrayEquals(new int[] {0, 2}, decisions.cluster());
      assertArrayEquals(new float[] {1, 5}, decisions.margin());
      assertArrayEquals(new float[] {4, 5}, decisions.clarity().orElseThrow());
      assertEquals(Optional.empty(), Decisions.of(logits, Optional.empty()).clarity());
    }
  }

  @Test
  void theLeastClearQuarterIsDividedAmongTheImages() {
    float[] clear = {5, 6, 7, Float.POSITIVE_INFINITY};
    float[] unclear = {1, 8, 2, 9};
    assertEquals(
        Optional.of(List.of(0.0, 0.5)),
        Unclear.of(List.of(Optional.of(clear), Optional.of(unclear))));
    assertEquals(Optional.empty(), Unclear.of(List.of(Optional.of(clear))));
    assertEquals(Optional.empty(), Unclear.of(List.of(Optional.of(clear), Optional.empty())));
  }
}
