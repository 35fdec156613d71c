package dev.eigenseg.train;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.eigenseg.api.tensor.DType;
import dev.eigenseg.api.tensor.Tensor;
import java.util.Random;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class RememberedOutputsTest {
  @ParameterizedTest
  @EnumSource(names = {"F16", "F32"})
  void keepsRowsAndTheirNorms(DType dtype) {
    long seed = TestSeed.next();
    Random random = new Random(seed);
    int clusters = 37;
    try (RememberedOutputs remembered = new RememberedOutputs(10_000, clusters, dtype);
        Tensor rows = Tensor.allocate(DType.F32, 50, clusters)) {
      for (long i = 0; i < rows.size(); i++) {
        rows.set(i, random.nextFloat() * (float) Math.pow(2, -random.nextInt(20)));
      }
      remembered.write(7_000, 40, rows.segment(), 10);
      remembered.refreshNorms(3);
      double[] squares = new double[clusters];
      for (long i = 0; i < 40L * clusters; i++) {
        float written = rows.get(10L * clusters + i);
        float expected =
            dtype == DType.F16 ? Float.float16ToFloat(Float.floatToFloat16(written)) : written;
        assertEquals(expected, remembered.outputs().get(7_000L * clusters + i), "seed " + seed);
        squares[(int) (i % clusters)] += (double) expected * expected;
      }
      assertEquals(0, remembered.outputs().get(7_000L * clusters - 1));
      assertEquals(0, remembered.outputs().get(7_040L * clusters));
      for (int column = 0; column < clusters; column++) {
        double norm = Math.sqrt(squares[column]);
        assertEquals(norm, remembered.norms().get(column), 1e-6 * norm, "seed " + seed);
      }
    }
  }
}
