package dev.eigenseg.graph;

import dev.eigenseg.api.tensor.DType;
import dev.eigenseg.api.tensor.Tensor;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Random;

/**
 * Rows around fifty directions, as patch features are; for benchmarks. {@code ClusteredRows FILE
 * ROWS DIM} writes them as they are in memory, for other libraries.
 */
final class ClusteredRows {
  private static final int CLUSTERS = 50;
  private static final int CHUNK = 1 << 20;

  private ClusteredRows() {}

  static void main(String[] arguments) throws IOException {
    int rows = Integer.parseInt(arguments[1]);
    try (Tensor features = of(rows, Integer.parseInt(arguments[2]));
        FileChannel file =
            FileChannel.open(
                Path.of(arguments[0]),
                StandardOpenOption.CREATE,
                StandardOpenOption.TRUNCATE_EXISTING,
                StandardOpenOption.WRITE)) {
      long bytes = features.segment().byteSize();
      for (long first = 0; first < bytes; first += CHUNK) {
        long count = Math.min(CHUNK, bytes - first);
        ByteBuffer chunk = features.segment().asSlice(first, count).asByteBuffer();
        while (chunk.hasRemaining()) {
          file.write(chunk);
        }
      }
    }
  }

  static Tensor of(int rows, int dim) {
    return of(rows, dim, 1);
  }

  /** Other rows around the same directions. */
  static Tensor of(int rows, int dim, int seed) {
    Random random = new Random(seed);
    Tensor features = Tensor.allocate(DType.F32, rows, dim);
    try (Tensor centers = RandomData.gaussian(new Random(0), CLUSTERS, dim)) {
      for (long row = 0; row < rows; row++) {
        long center = random.nextInt(CLUSTERS);
        for (long c = 0; c < dim; c++) {
          features.set(
              row * dim + c, centers.get(center * dim + c) + (float) random.nextGaussian());
        }
      }
    }
    return features;
  }
}
