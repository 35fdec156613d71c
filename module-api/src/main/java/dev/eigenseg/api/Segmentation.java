package dev.eigenseg.api;

import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Optional;

/**
 * The segments of one image: a cluster, and where names are known a class, for every pixel.
 * Immutable.
 */
@SuppressWarnings("DoNotCallSuggester")
public final class Segmentation {
  private final int width;
  private final int height;
  private final int clusters;
  private final short[] clusterOfPixel;
  private final Optional<ClusterNames> names;

  private Segmentation(
      int width, int height, int clusters, short[] clusterOfPixel, Optional<ClusterNames> names) {
    this.width = width;
    this.height = height;
    this.clusters = clusters;
    this.clusterOfPixel = clusterOfPixel;
    this.names = names;
  }

  /**
   * A segmentation.
   *
   * @param width pixels
   * @param height pixels
   * @param clusters the number of clusters, at most 65,536
   * @param clusterOfPixel the cluster of each pixel, row by row, as unsigned 16-bit numbers; copied
   * @param names classes of the clusters, if known
   */
  public static Segmentation of(
      int width, int height, int clusters, short[] clusterOfPixel, Optional<ClusterNames> names) {
    if (width < 1 || height < 1 || clusters < 1 || clusters > 1 << 16) {
      throw new IllegalArgumentException(
          "no segmentation of %d x %d pixels in %d clusters".formatted(width, height, clusters));
    }
    if (clusterOfPixel.length != Math.multiplyExact(width, height)) {
      throw new IllegalArgumentException(
          "%d clusters for %d x %d pixels".formatted(clusterOfPixel.length, width, height));
    }
    for (short cluster : clusterOfPixel) {
      if (Short.toUnsignedInt(cluster) >= clusters) {
        throw new IllegalArgumentException(
            "cluster %d of %d".formatted(Short.toUnsignedInt(cluster), clusters));
      }
    }
    names.ifPresent(known -> {
      if (known.classOfCluster().length != clusters) {
        throw new IllegalArgumentException(
            "names for %d clusters, not %d".formatted(known.classOfCluster().length, clusters));
      }
    });
    return new Segmentation(width, height, clusters, clusterOfPixel.clone(), names);
  }

  /** A segmentation from {@code int} clusters, otherwise as the other form. */
  public static Segmentation of(
      int width, int height, int clusters, int[] clusterOfPixel, Optional<ClusterNames> names) {
    short[] narrow = new short[clusterOfPixel.length];
    for (int i = 0; i < narrow.length; i++) {
      if (clusterOfPixel[i] < 0 || clusterOfPixel[i] >= clusters) {
        throw new IllegalArgumentException(
            "cluster %d of %d".formatted(clusterOfPixel[i], clusters));
      }
      narrow[i] = (short) clusterOfPixel[i];
    }
    return of(width, height, clusters, narrow, names);
  }

  /** Pixels from left to right. */
  public int width() {
    return width;
  }

  /** Pixels from top to bottom. */
  public int height() {
    return height;
  }

  /** The number of clusters, also of those that do not occur here. */
  public int clusters() {
    return clusters;
  }

  /** The classes of the clusters, if known. */
  public Optional<ClusterNames> names() {
    return names;
  }

  /** The cluster of a pixel. */
  public int clusterAt(int x, int y) {
    if (x < 0 || x >= width || y < 0 || y >= height) {
      throw new IndexOutOfBoundsException(
          "pixel (%d, %d) of %d x %d".formatted(x, y, width, height));
    }
    return Short.toUnsignedInt(clusterOfPixel[y * width + x]);
  }

  /** The class of a pixel, or -1 if its cluster has none. */
  public int classAt(int x, int y) {
    int cluster = clusterAt(x, y);
    return names.isPresent() ? names.get().classOf(cluster) : -1;
  }

  /** The number of pixels of each cluster. */
  public long[] counts() {
    long[] counts = new long[clusters];
    for (short cluster : clusterOfPixel) {
      counts[Short.toUnsignedInt(cluster)]++;
    }
    return counts;
  }

  /**
   * The image with the segments' colours over it, half and half: the classes' colours where names
   * are known, otherwise colours that depend on the cluster's number alone.
   *
   * @throws BadInputException if the image has another size
   */
  public BufferedImage overlay(BufferedImage image) {
    throw new UnsupportedOperationException("overlay of " + image);
  }

  /** As {@link #overlay}, with a legend of the segments that occur, largest first, on the right. */
  public BufferedImage overlayWithLegend(BufferedImage image) {
    throw new UnsupportedOperationException("overlay of " + image);
  }

  /** The clusters as grey values: 8 bits for up to 256 clusters, otherwise 16. */
  public BufferedImage indexImage() {
    throw new UnsupportedOperationException("index image of " + names);
  }

  /**
   * The classes as grey values: 8 bits if all values fit, otherwise 16.
   *
   * @param none the value of pixels whose cluster has no class
   * @throws IllegalStateException if no names are known
   */
  public BufferedImage classImage(int none) {
    throw new UnsupportedOperationException("class image with " + none);
  }

  /** Writes {@link #indexImage()} as PNG; the file is whole or absent. */
  public void writeIndexPng(Path file) throws IOException {
    throw new UnsupportedOperationException("write " + file);
  }

  /** Writes {@link #classImage} as PNG; the file is whole or absent. */
  public void writeClassPng(Path file, int none) throws IOException {
    throw new UnsupportedOperationException("write " + file);
  }
}
