package dev.eigenseg.train.neuralef;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import ai.djl.training.GradientCollector;
import com.google.gson.JsonObject;
import dev.eigenseg.api.internal.file.SafeTensors;
import dev.eigenseg.train.Cosine;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * The objective finds eigenfunctions: a free table of outputs on a kernel whose spectrum is known
 * exactly.
 */
class KernelSpectrumGoldenTest {
  private static final int UPDATES = 4000;
  private static final Cosine RATE = new Cosine(0.05, 1e-5);
  private static final long SEED = 7;

  static Stream<Path> cases() {
    return Golden.cases(fixture ->
        fixture.has("tensors") && fixture.getAsJsonObject("tensors").has("top8_eigenvectors"))
        .stream();
  }

  @ParameterizedTest
  @MethodSource("cases")
  void findsTheEigenpairs(Path folder) throws IOException {
    try (SafeTensors tensors = SafeTensors.open(folder.resolve("tensors.safetensors"))) {
      double[][] psi = train(folder, tensors, 2.56);
      double[][] kernel = matrix(tensors, "gram_matrix");
      double[][] vectors = matrix(tensors, "top8_eigenvectors");
      float[] values = tensors.tensor("top8_eigenvalues").toFloats();
      for (int j = 0; j < psi.length; j++) {
        assertEquals(values[j], rayleigh(kernel, psi[j]), 0.01 * values[j], "R_jj, j = " + j);
        for (int i = 0; i < j; i++) {
          assertTrue(Math.abs(dot(psi[i], psi[j])) < 0.05, i + ", " + j);
        }
        double degrees = angleToGroup(psi[j], vectors, values, j);
        assertTrue(degrees < 5, "column %d is %.2f degrees from its group".formatted(j, degrees));
      }
    }
  }

  @ParameterizedTest
  @MethodSource("cases")
  void aRegularizerTooWeakLetsColumnsCollapse(Path folder) throws IOException {
    try (SafeTensors tensors = SafeTensors.open(folder.resolve("tensors.safetensors"))) {
      double[][] psi = train(folder, tensors, 0.02);
      double largest = 0;
      for (int j = 1; j < psi.length; j++) {
        largest = Math.max(largest, Math.abs(dot(psi[0], psi[j])));
      }
      assertTrue(largest > 0.5, "columns stayed apart: " + largest);
    }
  }

  /** Columns of the trained table, with t = 1. */
  private static double[][] train(Path folder, SafeTensors tensors, double beta) {
    JsonObject fixture = Golden.fixture(folder);
    int n = fixture.get("n").getAsInt();
    int k = Math.toIntExact(tensors.tensor("top8_eigenvectors").size(1));
    Objective objective = new Objective(1, beta);
    float[] start = new float[n * k];
    Random random = new Random(SEED);
    for (int i = 0; i < start.length; i++) {
      start[i] = (float) random.nextGaussian();
    }
    try (NDManager manager = Torch.engine().newBaseManager()) {
      NDArray kernel = Golden.array(manager, tensors, "gram_matrix");
      NDArray table = manager.create(start, new Shape(n, k));
      NDArray mean = table.zerosLike();
      NDArray variance = table.zerosLike();
      for (int update = 1; update <= UPDATES; update++) {
        try (NDManager scope = manager.newSubManager();
            GradientCollector collector = Torch.engine().newGradientCollector()) {
          NDArray leaf = Torch.view(scope, table);
          leaf.setRequiresGradient(true);
          NDArray outputs = Outputs.normalizeColumns(leaf);
          NDArray products = Torch.view(scope, kernel).matMul(Torch.view(scope, outputs));
          collector.backward(objective.terms(outputs, products).surrogate());
          Adam.update(
              Torch.view(scope, table),
              Torch.view(scope, mean),
              Torch.view(scope, variance),
              leaf.getGradient(),
              update,
              RATE.at(update - 1, UPDATES));
        }
      }
      try (NDManager scope = manager.newSubManager()) {
        float[] outputs = Outputs.normalizeColumns(Torch.view(scope, table)).toFloatArray();
        double[][] columns = new double[k][n];
        for (int i = 0; i < outputs.length; i++) {
          columns[i % k][i / k] = outputs[i];
        }
        return columns;
      }
    }
  }

  private static double[][] matrix(SafeTensors tensors, String name) {
    float[] values = tensors.tensor(name).toFloats();
    int columns = Math.toIntExact(tensors.tensor(name).size(1));
    double[][] matrix = new double[values.length / columns][columns];
    for (int i = 0; i < values.length; i++) {
      matrix[i / columns][i % columns] = values[i];
    }
    return matrix;
  }

  private static double rayleigh(double[][] kernel, double[] vector) {
    double sum = 0;
    for (int row = 0; row < kernel.length; row++) {
      sum += vector[row] * dot(kernel[row], vector);
    }
    return sum;
  }

  /** The angle to the span of the eigenvectors whose eigenvalues are within 1 % of the j-th. */
  private static double angleToGroup(double[] column, double[][] vectors, float[] values, int j) {
    double projected = 0;
    for (int i = 0; i < values.length; i++) {
      if (Math.abs(values[i] - values[j]) <= 0.01 * values[j]) {
        double component = 0;
        for (int row = 0; row < column.length; row++) {
          component += column[row] * vectors[row][i];
        }
        projected += component * component;
      }
    }
    return Math.toDegrees(Math.acos(Math.min(1, Math.sqrt(projected / dot(column, column)))));
  }

  private static double dot(double[] a, double[] b) {
    double sum = 0;
    for (int i = 0; i < a.length; i++) {
      sum += a[i] * b[i];
    }
    return sum;
  }
}
