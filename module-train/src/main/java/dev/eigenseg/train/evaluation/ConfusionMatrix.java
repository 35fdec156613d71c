package dev.eigenseg.train.evaluation;

import dev.eigenseg.api.Segmentation;
import dev.eigenseg.train.dataset.LabelMap;
import java.util.Arrays;

/**
 * How many pixels of each class fell into each cluster. Counts are 64-bit, so that any dataset fits
 * and the order of additions does not matter. Not thread-safe: count on one matrix a thread and
 * {@link #merge} them.
 */
public final class ConfusionMatrix {
  private final int clusters;
  private final int classes;
  private final long[] counts;

  /** A matrix of zeros. */
  public ConfusionMatrix(int clusters, int classes) {
    if (clusters < 1 || classes < 1) {
      throw new IllegalArgumentException(clusters + " clusters and " + classes + " classes");
    }
    this.clusters = clusters;
    this.classes = classes;
    this.counts = new long[Math.multiplyExact(clusters, classes)];
  }

  /** The number of clusters. */
  public int clusters() {
    return clusters;
  }

  /** The number of classes. */
  public int classes() {
    return classes;
  }

  /** The pixels of a class in a cluster. */
  public long count(int cluster, int classIndex) {
    return counts[at(cluster, classIndex)];
  }

  /** The judged pixels in a cluster. */
  public long clusterTotal(int cluster) {
    int first = at(cluster, 0);
    return Arrays.stream(counts, first, first + classes).sum();
  }

  /** The pixels of a class. */
  public long classTotal(int classIndex) {
    long total = 0;
    for (int cluster = 0; cluster < clusters; cluster++) {
      total += count(cluster, classIndex);
    }
    return total;
  }

  /** All judged pixels. */
  public long total() {
    return Arrays.stream(counts).sum();
  }

  /** The clusters with at least one judged pixel. */
  public int clustersInUse() {
    int used = 0;
    for (int cluster = 0; cluster < clusters; cluster++) {
      used += clusterTotal(cluster) > 0 ? 1 : 0;
    }
    return used;
  }

  /** Counts further pixels of a class in a cluster. */
  public void add(int cluster, int classIndex, long pixels) {
    if (pixels < 0) {
      throw new IllegalArgumentException(pixels + " pixels");
    }
    counts[at(cluster, classIndex)] += pixels;
  }

  /**
   * Counts the pixels of one image; void pixels are left out.
   *
   * @param segments with at most {@link #clusters()} clusters
   * @param labels of the same size, classes or void
   */
  public void add(Segmentation segments, LabelMap labels, int voidIndex) {
    if (segments.width() != labels.width() || segments.height() != labels.height()) {
      throw new IllegalArgumentException(
          "segments of %d x %d pixels against labels of %d x %d"
              .formatted(segments.width(), segments.height(), labels.width(), labels.height()));
    }
    for (int y = 0; y < labels.height(); y++) {
      for (int x = 0; x < labels.width(); x++) {
        int label = labels.at(x, y);
        if (label != voidIndex) {
          counts[at(segments.clusterAt(x, y), label)]++;
        }
      }
    }
  }

  /** Adds the counts of another matrix of the same shape. */
  public void merge(ConfusionMatrix other) {
    if (other.clusters != clusters || other.classes != classes) {
      throw new IllegalArgumentException("expected the shape of " + this + ", found " + other);
    }
    for (int i = 0; i < counts.length; i++) {
      counts[i] += other.counts[i];
    }
  }

  private int at(int cluster, int classIndex) {
    if (cluster < 0 || cluster >= clusters || classIndex < 0 || classIndex >= classes) {
      throw new IndexOutOfBoundsException(
          "cluster %d, class %d of %s".formatted(cluster, classIndex, this));
    }
    return cluster * classes + classIndex;
  }

  @Override
  public String toString() {
    return "ConfusionMatrix[" + clusters + " clusters, " + classes + " classes]";
  }
}
