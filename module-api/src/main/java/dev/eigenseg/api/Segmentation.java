package dev.eigenseg.api;

import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * The segments of one image: a cluster, and where names are known a class, for every pixel.
 * Immutable.
 */
public final class Segmentation {
  private static final int NO_CLASS_RGB = 0x808080;

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

  /**
   * The colour, {@code 0xRRGGBB}, in which overlays show a cluster without a class; it depends on
   * the number alone.
   */
  public static int clusterColor(int cluster) {
    return Palette.color(cluster);
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
   * are known, grey where a cluster has no class; without names, colours that depend on the
   * cluster's number alone.
   *
   * @throws BadInputException if the image has another size
   */
  public BufferedImage overlay(BufferedImage image) {
    if (image.getWidth() != width || image.getHeight() != height) {
      throw new BadInputException(
          "an image of %d x %d pixels does not fit under segments of %d x %d; pass the image that was segmented"
              .formatted(image.getWidth(), image.getHeight(), width, height));
    }
    int[] palette = new int[clusters];
    for (int cluster = 0; cluster < clusters; cluster++) {
      palette[cluster] = color(cluster);
    }
    int[] pixels = image.getRGB(0, 0, width, height, null, 0, width);
    for (int i = 0; i < pixels.length; i++) {
      // The mean of each channel at once: without its lowest bit no channel carries into the next.
      int segment = palette[Short.toUnsignedInt(clusterOfPixel[i])];
      pixels[i] = ((pixels[i] & 0xFEFEFE) >> 1) + ((segment & 0xFEFEFE) >> 1);
    }
    BufferedImage overlay = new BufferedImage(width, height, BufferedImage.TYPE_INT_RGB);
    overlay.getRaster().setDataElements(0, 0, width, height, pixels);
    return overlay;
  }

  /**
   * As {@link #overlay}, with a legend on the right: the classes that occur, or the clusters where
   * no names are known, largest first, as many as fit beside it. On machines without fonts it has
   * colours only.
   */
  public BufferedImage overlayWithLegend(BufferedImage image) {
    return Legend.attach(overlay(image), legend());
  }

  private List<Legend.Entry> legend() {
    long[] counts = counts();
    Map<String, Long> pixels = new LinkedHashMap<>();
    Map<String, Integer> colors = new LinkedHashMap<>();
    for (int cluster = 0; cluster < clusters; cluster++) {
      if (counts[cluster] > 0) {
        String name = name(cluster);
        pixels.merge(name, counts[cluster], Long::sum);
        colors.put(name, color(cluster));
      }
    }
    double total = clusterOfPixel.length;
    return pixels.entrySet().stream()
        .sorted(Map.Entry.<String, Long>comparingByValue().reversed())
        .map(e -> new Legend.Entry(e.getKey(), colors.get(e.getKey()), e.getValue() / total))
        .toList();
  }

  private String name(int cluster) {
    if (names.isEmpty()) {
      return "cluster " + cluster;
    }
    int index = names.get().classOf(cluster);
    return index < 0 ? "no class" : names.get().classes().name(index);
  }

  private int color(int cluster) {
    if (names.isEmpty()) {
      return Palette.color(cluster);
    }
    int index = names.get().classOf(cluster);
    return index < 0 ? NO_CLASS_RGB : names.get().classes().classes().get(index).rgb();
  }

  /** The clusters as grey values: 8 bits for up to 256 clusters, otherwise 16. */
  public BufferedImage indexImage() {
    return gray(clusterOfPixel, clusters - 1);
  }

  /**
   * The classes as grey values: 8 bits if all values fit, otherwise 16.
   *
   * @param none the value of pixels whose cluster has no class, from 0 to 65,535
   * @throws IllegalStateException if no names are known
   */
  public BufferedImage classImage(int none) {
    ClusterNames known =
        names.orElseThrow(
            () -> new IllegalStateException("the clusters of this segmentation have no names"));
    if (none < 0 || none > 0xFFFF) {
      throw new IllegalArgumentException("no grey value: " + none);
    }
    short[] valueOfCluster = new short[clusters];
    for (int cluster = 0; cluster < clusters; cluster++) {
      int index = known.classOf(cluster);
      valueOfCluster[cluster] = (short) (index < 0 ? none : index);
    }
    short[] values = new short[clusterOfPixel.length];
    for (int i = 0; i < values.length; i++) {
      values[i] = valueOfCluster[Short.toUnsignedInt(clusterOfPixel[i])];
    }
    return gray(values, Math.max(none, known.classes().size() - 1));
  }

  // Through the raster: drawing would take the numbers for colours and apply a gamma curve.
  private BufferedImage gray(short[] values, int largest) {
    if (largest > 0xFF) {
      BufferedImage image = new BufferedImage(width, height, BufferedImage.TYPE_USHORT_GRAY);
      image.getRaster().setDataElements(0, 0, width, height, values);
      return image;
    }
    byte[] narrow = new byte[values.length];
    for (int i = 0; i < values.length; i++) {
      narrow[i] = (byte) values[i];
    }
    BufferedImage image = new BufferedImage(width, height, BufferedImage.TYPE_BYTE_GRAY);
    image.getRaster().setDataElements(0, 0, width, height, narrow);
    return image;
  }

  /** Writes {@link #indexImage()} as PNG; the file is whole or absent. */
  public void writeIndexPng(Path file) throws IOException {
    Images.writePng(indexImage(), file);
  }

  /** Writes {@link #classImage} as PNG; the file is whole or absent. */
  public void writeClassPng(Path file, int none) throws IOException {
    Images.writePng(classImage(none), file);
  }
}
