package dev.eigenseg.train.neuralef;

import static org.junit.jupiter.api.Assertions.assertEquals;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import dev.eigenseg.train.TestSeed;
import java.util.Random;
import org.junit.jupiter.api.Test;

class AdamTest {
  @Test
  void isTheAlgorithmOfThePaper() {
    long seed = TestSeed.next();
    Random random = new Random(seed);
    int size = 33;
    double[] value = new double[size];
    double[] first = new double[size];
    double[] second = new double[size];
    try (NDManager manager = Torch.engine().newBaseManager()) {
      NDArray weights = manager.create(new float[size]);
      NDArray mean = weights.zerosLike();
      NDArray variance = weights.zerosLike();
      for (int update = 1; update <= 20; update++) {
        double rate = 0.01 / update;
        float[] gradient = new float[size];
        for (int i = 0; i < size; i++) {
          gradient[i] = (float) random.nextGaussian();
          first[i] = 0.9 * first[i] + 0.1 * gradient[i];
          second[i] = 0.999 * second[i] + 0.001 * gradient[i] * gradient[i];
          double meanHat = first[i] / (1 - Math.pow(0.9, update));
          double varianceHat = second[i] / (1 - Math.pow(0.999, update));
          value[i] -= rate * meanHat / (Math.sqrt(varianceHat) + 1e-8);
        }
        Adam.update(weights, mean, variance, manager.create(gradient), update, rate);
      }
      float[] found = weights.toFloatArray();
      for (int i = 0; i < size; i++) {
        assertEquals(value[i], found[i], 1e-6, "seed " + seed);
      }
    }
  }
}
