package dev.eigenseg.infer.psi;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.eigenseg.api.Backbone.FeatureDims;
import dev.eigenseg.api.PatchFeatures;
import dev.eigenseg.api.tensor.DType;
import dev.eigenseg.api.tensor.Tensor;
import dev.eigenseg.infer.FeatureScales;
import dev.eigenseg.infer.Fixtures;
import dev.eigenseg.infer.PsiConfig;
import dev.eigenseg.infer.TestSeed;
import dev.eigenseg.infer.layer.Scratch;
import java.util.Map;
import java.util.Random;
import java.util.SequencedMap;
import org.junit.jupiter.api.Test;

class PsiNetworkTest {
  /** The scalar oracle of one block, in double precision; weights by the block's names. */
  private static double[][] block(PsiConfig config, Map<String, Tensor> w, String b, double[][] x) {
    int n = x.length;
    int hd = config.headDim();
    double[][] normed = norm(x, w, b + "norm1");
    double[][] q = linear(normed, w, b + "attn.to_q");
    double[][] k = linear(normed, w, b + "attn.to_k");
    double[][] v = linear(normed, w, b + "attn.to_v");
    double[][] attended = new double[n][config.attentionDim()];
    for (int d = 0; d < config.attentionDim(); d++) {
      double sum = 0;
      for (double[] token : k) {
        sum += Math.exp(token[d]);
      }
      for (int e = d / hd * hd; e < d / hd * hd + hd; e++) {
        double context = 0;
        for (int i = 0; i < n; i++) {
          context += Math.exp(k[i][d]) / sum * v[i][e];
        }
        for (int i = 0; i < n; i++) {
          double queries = 0;
          for (int other = d / hd * hd; other < d / hd * hd + hd; other++) {
            queries += Math.exp(q[i][other]);
          }
          attended[i][e] += Math.exp(q[i][d]) / queries / Math.sqrt(hd) * context;
        }
      }
    }
    double[][] y = sum(x, linear(attended, w, b + "attn.to_out"));
    double[][] inner = linear(norm(y, w, b + "norm2"), w, b + "mlp.fc1");
    for (double[] token : inner) {
      for (int i = 0; i < token.length; i++) {
        token[i] *= normalDistribution(token[i]);
      }
    }
    return sum(y, linear(inner, w, b + "mlp.fc2"));
  }

  /** Phi by its power series around 0, exact to double precision for the small arguments here. */
  private static double normalDistribution(double x) {
    double term = x;
    double sum = x;
    for (int i = 1; i < 200; i++) {
      term *= x * x / (2 * i + 1);
      sum += term;
    }
    return 0.5 + sum * Math.exp(-x * x / 2) / Math.sqrt(2 * Math.PI);
  }

  private static double[][] linear(double[][] x, Map<String, Tensor> w, String name) {
    Tensor weight = w.get(name + ".weight");
    int out = (int) weight.size(0);
    int in = (int) weight.size(1);
    double[][] y = new double[x.length][out];
    for (int i = 0; i < x.length; i++) {
      for (int o = 0; o < out; o++) {
        y[i][o] = w.containsKey(name + ".bias") ? w.get(name + ".bias").get(o) : 0;
        for (int c = 0; c < in; c++) {
          y[i][o] += x[i][c] * weight.get((long) o * in + c);
        }
      }
    }
    return y;
  }

  private static double[][] norm(double[][] x, Map<String, Tensor> w, String name) {
    double[][] y = new double[x.length][x[0].length];
    for (int i = 0; i < x.length; i++) {
      double mean = 0;
      double variance = 0;
      for (double value : x[i]) {
        mean += value / x[i].length;
      }
      for (double value : x[i]) {
        variance += (value - mean) * (value - mean) / x[i].length;
      }
      for (int c = 0; c < x[i].length; c++) {
        y[i][c] =
            (x[i][c] - mean) / Math.sqrt(variance + 1e-5) * w.get(name + ".weight").get(c)
                + w.get(name + ".bias").get(c);
      }
    }
    return y;
  }

  private static double[][] sum(double[][] a, double[][] b) {
    double[][] c = new double[a.length][a[0].length];
    for (int i = 0; i < a.length; i++) {
      for (int j = 0; j < a[i].length; j++) {
        c[i][j] = a[i][j] + b[i][j];
      }
    }
    return c;
  }

  @Test
  void agreesWithTheScalarOracle() {
    Random random = TestSeed.random();
    int[] tokenCounts = {1, 2, 17, Scratch.TILE, Scratch.TILE + 5};
    for (int trial = 0; trial < 10; trial++) {
      PsiConfig config =
          PsiConfig.of(
              new FeatureDims(random.nextInt(5), random.nextInt(9), 1 + random.nextInt(20)),
              random.nextBoolean() ? 0 : 1 + random.nextInt(30),
              1 + random.nextInt(3),
              1 + random.nextInt(9),
              1 + random.nextInt(20),
              random.nextInt(3),
              1 + random.nextInt(40));
      compare(random, config, tokenCounts[trial % tokenCounts.length]);
    }
  }

  private static void compare(Random random, PsiConfig config, int tokens) {
    SequencedMap<String, Tensor> weights = Fixtures.weights(random, config.weightShapes());
    try (PsiNetwork psi = new PsiNetwork(config, weights::get);
        Tensor input = Fixtures.gaussian(random, 1, tokens, config.inputDim());
        Tensor hidden = Tensor.allocate(DType.F32, tokens, config.hidden());
        Tensor logits = Tensor.allocate(DType.F32, tokens, config.clusters())) {
      double[][] x = new double[tokens][config.inputDim()];
      for (int i = 0; i < input.size(); i++) {
        x[i / config.inputDim()][i % config.inputDim()] = input.get(i);
      }
      if (config.projection() > 0) {
        x = linear(x, weights, "projection");
      }
      for (int i = 0; i < config.blocks(); i++) {
        x = block(config, weights, "blocks." + i + ".", x);
      }
      int threads = 1 + random.nextInt(4);
      psi.hidden(input, hidden, threads);
      psi.logits(input, logits, threads);
      double[][] expected = norm(x, weights, "norm");
      assertRows(config, expected, hidden);
      assertRows(config, linear(expected, weights, "head"), logits);
    } finally {
      Fixtures.close(weights);
    }
  }

  private static void assertRows(PsiConfig config, double[][] expected, Tensor found) {
    for (int i = 0; i < found.size(); i++) {
      int dim = (int) found.size(1);
      assertEquals(expected[i / dim][i % dim], found.get(i), 2e-3, i + " of " + config);
    }
  }

  @Test
  void noPatchesGiveNoLogits() {
    PsiConfig config = PsiConfig.of(new FeatureDims(1, 2, 3), 0, 1, 4, 5, 1, 2);
    SequencedMap<String, Tensor> weights = Fixtures.weights(new Random(1), config.weightShapes());
    try (PsiNetwork psi = new PsiNetwork(config, weights::get);
        Tensor input = Tensor.allocate(DType.F32, 0, 6);
        Tensor logits = Tensor.allocate(DType.F32, 0, 2)) {
      psi.logits(input, logits, 1);
    } finally {
      Fixtures.close(weights);
    }
  }

  @Test
  void refusesOtherShapesAndUseAfterClose() {
    PsiConfig config = PsiConfig.of(new FeatureDims(1, 2, 3), 4, 1, 4, 5, 1, 2);
    SequencedMap<String, Tensor> weights = Fixtures.weights(new Random(1), config.weightShapes());
    PsiNetwork psi = new PsiNetwork(config, weights::get);
    try (Tensor input = Tensor.allocate(DType.F32, 3, 6);
        Tensor narrow = Tensor.allocate(DType.F32, 3, 5);
        Tensor logits = Tensor.allocate(DType.F32, 3, 2)) {
      assertThrows(IllegalArgumentException.class, () -> psi.logits(narrow, logits, 1));
      assertThrows(IllegalArgumentException.class, () -> psi.hidden(input, logits, 1));
      psi.close();
      psi.close();
      assertThrows(IllegalStateException.class, () -> psi.logits(input, logits, 1));
      weights.replace("head.bias", input);
      assertThrows(
          IllegalArgumentException.class, () -> new PsiNetwork(config, weights::get).close());
    } finally {
      Fixtures.close(weights);
    }
  }

  @Test
  void theHiddenWidthMustFollow() {
    assertThrows(IllegalArgumentException.class, () -> new PsiConfig(1, 2, 3, 0, 7, 1, 4, 5, 1, 2));
    assertThrows(IllegalArgumentException.class, () -> new PsiConfig(1, 2, 3, 8, 6, 1, 4, 5, 1, 2));
    assertThrows(
        IllegalArgumentException.class,
        () -> new PsiConfig(1 << 30, 1 << 30, 3, 8, 8, 1, 4, 5, 1, 2));
  }

  @Test
  void theInputIsScaledLevelByLevel() {
    try (PatchFeatures features =
            new PatchFeatures(
                1,
                2,
                Tensor.of(new float[] {2, 4}, 2, 1),
                Tensor.of(new float[] {1, 2, 3, 4}, 2, 2),
                Tensor.of(new float[] {8, 16}, 2, 1));
        Tensor out = Tensor.allocate(DType.F32, 2, 4)) {
      PsiInput.concat(features, new FeatureScales(2, 1, 4), out);
      assertArrayEquals(new float[] {1, 1, 2, 2, 2, 3, 4, 4}, out.toFloats());
    }
  }
}
