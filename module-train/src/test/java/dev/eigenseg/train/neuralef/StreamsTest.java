package dev.eigenseg.train.neuralef;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import dev.eigenseg.api.tensor.DType;
import dev.eigenseg.api.tensor.Tensor;
import dev.eigenseg.train.Cosine;
import dev.eigenseg.train.neuralef.Streams.Purpose;
import java.util.Arrays;
import java.util.random.RandomGenerator;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class StreamsTest {
  @Test
  void everyUseHasItsOwnStream() {
    long first = Streams.stream(1, Purpose.NOISE, 1).nextLong();
    assertEquals(first, Streams.stream(1, Purpose.NOISE, 1).nextLong());
    assertNotEquals(first, Streams.stream(1, Purpose.NOISE, 2).nextLong());
    assertNotEquals(first, Streams.stream(2, Purpose.NOISE, 1).nextLong());
    assertNotEquals(first, Streams.stream(1, Purpose.ORDER, 1).nextLong());
  }

  @Test
  void permutationsHoldEveryNumberOnce() {
    int[] order = Streams.permutation(Streams.stream(3, Purpose.ORDER, 0), 100);
    int[] identity = IntStream.range(0, 100).toArray();
    assertTrue(!Arrays.equals(identity, order));
    Arrays.sort(order);
    assertArrayEquals(identity, order);
  }

  @Test
  void gumbelNoiseHasItsMeanAndVarianceAndIsFiniteAtTheEnds() {
    int count = 200_000;
    try (Tensor uniform = Tensor.allocate(DType.F32, count);
        NDManager manager = Torch.engine().newBaseManager()) {
      Streams.fillUniform(Streams.stream(5, Purpose.NOISE, 1), uniform.segment(), count);
      NDArray noise = Outputs.gumbel(Torch.share(manager, uniform.segment(), count));
      double mean = noise.mean().getFloat();
      double variance = noise.sub((float) mean).square().mean().getFloat();
      assertEquals(0.5772, mean, 0.02); // Euler's constant
      assertEquals(Math.PI * Math.PI / 6, variance, 0.05);
      Streams.fillUniform(constant(0), uniform.segment(), 1);
      assertTrue(
          Float.isFinite(
              Outputs.gumbel(Torch.share(manager, uniform.slice(0, 1).segment(), 1)).getFloat()));
      Streams.fillUniform(constant(-1), uniform.segment(), 1);
      assertTrue(
          Float.isFinite(
              Outputs.gumbel(Torch.share(manager, uniform.slice(0, 1).segment(), 1)).getFloat()));
    }
  }

  private static RandomGenerator constant(long bits) {
    return () -> bits;
  }

  @Test
  void cosinesMeetBothEnds() {
    Cosine cosine = new Cosine(1, 0.3);
    assertEquals(1, cosine.at(0, 11), 1e-12);
    assertEquals(0.65, cosine.at(5, 11), 1e-12);
    assertEquals(0.3, cosine.at(10, 11), 1e-12);
    assertEquals(1, cosine.at(0, 1), 1e-12);
  }
}
