package dev.eigenseg.train;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import dev.eigenseg.api.Progress;
import dev.eigenseg.api.spi.KnnEngine;
import dev.eigenseg.api.spi.KnnIndex;
import dev.eigenseg.api.tensor.DType;
import dev.eigenseg.api.tensor.FeatureRows;
import dev.eigenseg.api.tensor.Tensor;
import dev.eigenseg.graph.KnnEngines;
import dev.eigenseg.graph.KnnGraph;
import dev.eigenseg.train.neuralef.Torch;
import java.io.IOException;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/**
 * A process that searches with FAISS and multiplies with libtorch, both of which bring OpenMP:
 * takes the one to begin with ({@code faiss} or {@code torch}) and the threads of each.
 */
final class FaissBesideTorch {
  /** Printed where all results were right. */
  static final String GOOD = "all results are right";

  private static final int ROWS = 3000;
  private static final int DIM = 48;
  private static final int K = 12;
  private static final int SIDE = 600;

  private final int threads;
  private final float[] left = new float[SIDE * SIDE];
  private final float[] right = new float[SIDE * SIDE];
  private final float[] product = new float[SIDE * SIDE];

  private FaissBesideTorch(int threads) {
    this.threads = threads;
    // Small whole numbers, whose sums are exact in any order.
    for (int i = 0; i < left.length; i++) {
      left[i] = i % 7 - 3;
      right[i] = i % 5 - 2;
    }
    for (int row = 0; row < SIDE; row++) {
      for (int i = 0; i < SIDE; i++) {
        for (int column = 0; column < SIDE; column++) {
          product[row * SIDE + column] += left[row * SIDE + i] * right[i * SIDE + column];
        }
      }
    }
  }

  public static void main(String[] arguments) throws Exception {
    FaissBesideTorch both = new FaissBesideTorch(Integer.parseInt(arguments[1]));
    Devices.preferThreads(both.threads);
    List<Work> order =
        arguments[0].equals("faiss")
            ? List.of(both::search, both::multiply)
            : List.of(both::multiply, both::search);
    for (int i = 0; i < 2; i++) {
      order.get(0).run();
      order.get(1).run();
    }
    both.atTheSameTime(order);
    System.out.println(GOOD);
  }

  private interface Work {
    void run() throws IOException;
  }

  private void atTheSameTime(List<Work> order) throws Exception {
    try (ExecutorService pool = Executors.newFixedThreadPool(order.size())) {
      for (Future<Boolean> done :
          order.stream()
              .map(work ->
                  pool.submit(() -> {
                    for (int i = 0; i < 3; i++) {
                      work.run();
                    }
                    return true;
                  }))
              .toList()) {
        done.get();
      }
    }
  }

  /** Searches, and compares with the embedded engine. */
  private void search() throws IOException {
    try (Tensor features = Tensor.allocate(DType.F32, ROWS, DIM)) {
      Random random = new Random(5);
      for (long i = 0; i < features.size(); i++) {
        features.set(i, (float) random.nextGaussian());
      }
      try (KnnGraph expected = graph("vector", features, KnnIndex.EXACT);
          KnnGraph found = graph("faiss", features, KnnIndex.EXACT);
          KnnGraph lists = graph("faiss", features, KnnIndex.of(KnnIndex.Kind.IVF))) {
        for (long i = 0; i < expected.similarities().size(); i++) {
          float difference = expected.similarities().get(i) - found.similarities().get(i);
          require(Math.abs(difference) < 1e-5, "similarity " + i + " differs by " + difference);
        }
        double recall = lists.recall().orElseThrow().fraction();
        require(recall > 0.3, "recall " + recall);
      }
    }
  }

  private KnnGraph graph(String engine, Tensor features, KnnIndex index) throws IOException {
    return KnnGraph.build(
        KnnEngines.select(engine, index.kind()),
        new KnnEngine.Request(FeatureRows.of(features), K, 1L << 30, threads, index),
        Progress.NONE);
  }

  /** Multiplies, and compares with the product by hand. */
  private void multiply() {
    Shape square = new Shape(SIDE, SIDE);
    try (NDManager manager = Torch.engine(threads).newBaseManager(Device.cpu())) {
      NDArray found = manager.create(left, square).matMul(manager.create(right, square));
      require(Arrays.equals(product, found.toFloatArray()), "the product is wrong");
    }
  }

  private static void require(boolean right, String otherwise) {
    if (!right) {
      throw new AssertionError(otherwise);
    }
  }
}
