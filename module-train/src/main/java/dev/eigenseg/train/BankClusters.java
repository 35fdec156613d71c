package dev.eigenseg.train;

import dev.eigenseg.api.Progress;
import dev.eigenseg.api.bank.FeatureBank;
import dev.eigenseg.api.internal.kernel.VectorMath;
import dev.eigenseg.api.tensor.DType;
import dev.eigenseg.api.tensor.Tensor;
import dev.eigenseg.infer.SegmenterModel;
import dev.eigenseg.infer.segment.ClusterOutputs;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;

/**
 * Owns the cluster of every patch of a bank under a model. Knows of every cluster, also of those
 * that no patch has, where it comes closest to being the largest output.
 */
final class BankClusters implements AutoCloseable {
  private final Tensor clusters; // i32, one a patch
  private final long[] patches;
  private final float[] closest; // the least distance of a cluster's output to the largest one
  private final long[] closestRow;

  private BankClusters(Tensor clusters, int count) {
    this.clusters = clusters;
    patches = new long[count];
    closest = new float[count];
    Arrays.fill(closest, Float.NEGATIVE_INFINITY);
    closestRow = new long[count];
  }

  /**
   * Looks at all patches.
   *
   * @param bank borrowed; features of the backbone that the model was trained on
   * @param model of any method; borrowed
   * @param progress counts images
   */
  static BankClusters of(FeatureBank bank, SegmenterModel model, int threads, Progress progress)
      throws IOException {
    BankClusters result =
        new BankClusters(Tensor.allocate(DType.I32, bank.rows()), model.info().clusters());
    try (ClusterOutputs outputs = new ClusterOutputs(model)) {
      BankImages.forEach(
          bank,
          "clusters",
          threads,
          progress,
          (image, features) -> {
            try (Tensor logits = outputs.logits(features, 1)) {
              result.add(image.firstRow(), logits);
            }
          });
      return result;
    } catch (IOException | RuntimeException | Error e) {
      result.close();
      throw e;
    }
  }

  private void add(long firstRow, Tensor logits) {
    int count = patches.length;
    VectorMath math = VectorMath.best();
    long[] found = new long[count];
    float[] near = new float[count];
    long[] nearRow = new long[count];
    Arrays.fill(near, Float.NEGATIVE_INFINITY);
    MemorySegment memory = logits.segment();
    for (long row = 0; row < logits.size(0); row++) {
      long first = row * count;
      int winner = math.argmax(memory, first * Float.BYTES, count);
      float most = memory.getAtIndex(ValueLayout.JAVA_FLOAT, first + winner);
      clusters.segment().setAtIndex(ValueLayout.JAVA_INT, firstRow + row, winner);
      found[winner]++;
      for (int cluster = 0; cluster < count; cluster++) {
        float distance = memory.getAtIndex(ValueLayout.JAVA_FLOAT, first + cluster) - most;
        if (distance > near[cluster]) {
          near[cluster] = distance;
          nearRow[cluster] = firstRow + row;
        }
      }
    }
    merge(found, near, nearRow);
  }

  // Whatever the order of the images, the first of equally close patches stays.
  private synchronized void merge(long[] found, float[] near, long[] nearRow) {
    for (int cluster = 0; cluster < patches.length; cluster++) {
      patches[cluster] += found[cluster];
      boolean equal = near[cluster] == closest[cluster];
      if (near[cluster] > closest[cluster] || (equal && nearRow[cluster] < closestRow[cluster])) {
        closest[cluster] = near[cluster];
        closestRow[cluster] = nearRow[cluster];
      }
    }
  }

  /** The cluster of a patch. */
  int of(long row) {
    return clusters.segment().getAtIndex(ValueLayout.JAVA_INT, row);
  }

  /** The number of clusters, also of those that no patch has. */
  int count() {
    return patches.length;
  }

  /** Patches by cluster. */
  synchronized long[] patches() {
    return patches.clone();
  }

  /** For a cluster that no patch has, the one that wins where it comes closest. */
  synchronized int neighbor(int cluster) {
    return of(closestRow[cluster]);
  }

  @Override
  public void close() {
    clusters.close();
  }
}
