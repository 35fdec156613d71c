package dev.eigenseg.train;

import dev.eigenseg.api.Progress;
import dev.eigenseg.api.bank.FeatureBank;
import dev.eigenseg.api.bank.Level;
import dev.eigenseg.api.internal.kernel.Parallel;
import dev.eigenseg.api.internal.kernel.VectorMath;
import dev.eigenseg.api.tensor.DType;
import dev.eigenseg.api.tensor.FeatureRows;
import dev.eigenseg.api.tensor.Tensor;
import dev.eigenseg.graph.KnnGraph;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * The kernel between clusters: C = P^T A P, where P says which patch is in which cluster, and a
 * mass for each of them. Both add up where clusters merge.
 *
 * @param source what the kernel is of, as {@link dev.eigenseg.api.Dendrogram#source} has it
 * @param sums C, symmetric
 * @param masses of the clusters; 0 for those that no patch has
 */
@SuppressWarnings("ArrayRecordComponent")
record ClusterKernel(String source, double[][] sums, double[] masses) {
  // Fixed, so that sums do not depend on the number of threads; few, as each has a matrix.
  private static final int PARTS = 8;
  private static final long ROWS_AT_ONCE = 1024;

  /**
   * Of the neighbour graph: A = (S + S^T) / 2 with S_uv = max(0, cos) for v among the nearest of u,
   * and a cluster's mass is the sum of its patches' degrees.
   *
   * @param graph over the bank's patches; borrowed
   */
  static ClusterKernel ofGraph(
      BankClusters clusters, KnnGraph graph, int threads, Progress progress) {
    graph.verify(progress); // a changed id would be an edge to no patch
    int count = clusters.count();
    double[][][] parts = new double[PARTS][][];
    Parallel.forEach(
        threads,
        PARTS,
        part -> {
          double[][] sums = new double[count][count];
          long end = (part + 1) * graph.rows() / PARTS;
          progress.checkCancelled();
          for (long row = part * graph.rows() / PARTS; row < end; row++) {
            addEdges(clusters, graph, row, sums[clusters.of(row)]);
          }
          parts[(int) part] = sums;
        });
    double[][] sums = symmetric(parts, count);
    double[] masses = new double[count];
    for (int a = 0; a < count; a++) {
      for (int b = 0; b < count; b++) {
        masses[a] += sums[a][b];
      }
    }
    return new ClusterKernel("graph", sums, masses);
  }

  private static void addEdges(BankClusters clusters, KnnGraph graph, long row, double[] sums) {
    MemorySegment ids = graph.ids().segment();
    MemorySegment similarities = graph.similarities().segment();
    for (long edge = row * graph.k(); edge < (row + 1) * graph.k(); edge++) {
      long neighbor = Integer.toUnsignedLong(ids.getAtIndex(ValueLayout.JAVA_INT, edge));
      float similarity = similarities.getAtIndex(ValueLayout.JAVA_FLOAT, edge);
      sums[clusters.of(neighbor)] += Math.max(0, similarity);
    }
  }

  private static double[][] symmetric(double[][][] parts, int count) {
    double[][] sums = new double[count][count];
    for (double[][] part : parts) {
      for (int a = 0; a < count; a++) {
        for (int b = 0; b < count; b++) {
          sums[a][b] += part[a][b] / 2;
          sums[b][a] += part[a][b] / 2;
        }
      }
    }
    return sums;
  }

  /**
   * Of the features alone, where there is no graph: A_uv is the cosine of all pairs of high
   * features, and a cluster's mass is its number of patches.
   */
  static ClusterKernel ofFeatures(BankClusters clusters, FeatureBank bank, int threads)
      throws IOException {
    FeatureRows rows = bank.level(Level.HIGH);
    int count = clusters.count();
    double[][][] parts = new double[PARTS][][];
    try {
      Parallel.forEach(
          threads,
          PARTS,
          part -> {
            double[][] sums = new double[count][rows.dim()];
            long end = (part + 1) * rows.rows() / PARTS;
            addDirections(clusters, rows, part * rows.rows() / PARTS, end, sums);
            parts[(int) part] = sums;
          });
    } catch (UncheckedIOException e) {
      throw e.getCause();
    }
    double[][] directions = new double[count][rows.dim()];
    for (double[][] part : parts) {
      for (int cluster = 0; cluster < count; cluster++) {
        for (int channel = 0; channel < rows.dim(); channel++) {
          directions[cluster][channel] += part[cluster][channel];
        }
      }
    }
    long[] patches = clusters.patches();
    double[] masses = new double[count];
    double[][] sums = new double[count][count];
    for (int a = 0; a < count; a++) {
      masses[a] = patches[a];
      for (int b = 0; b < count; b++) {
        for (int channel = 0; channel < rows.dim(); channel++) {
          sums[a][b] += directions[a][channel] * directions[b][channel];
        }
      }
    }
    return new ClusterKernel("features", sums, masses);
  }

  private static void addDirections(
      BankClusters clusters, FeatureRows rows, long first, long end, double[][] sums) {
    VectorMath math = VectorMath.best();
    int dim = rows.dim();
    try (Tensor window = Tensor.allocate(DType.F32, ROWS_AT_ONCE, dim)) {
      MemorySegment memory = window.segment();
      for (long row = first; row < end; row += ROWS_AT_ONCE) {
        long count = Math.min(ROWS_AT_ONCE, end - row);
        rows.read(row, count, memory);
        for (long i = 0; i < count; i++) {
          long place = i * dim * Float.BYTES;
          double norm = Math.sqrt(math.dot(memory, place, memory, place, dim));
          double[] sum = sums[clusters.of(row + i)];
          for (int channel = 0; channel < dim && norm > 0; channel++) {
            sum[channel] += memory.getAtIndex(ValueLayout.JAVA_FLOAT, i * dim + channel) / norm;
          }
        }
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
