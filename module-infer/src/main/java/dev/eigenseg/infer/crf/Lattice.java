package dev.eigenseg.infer.crf;

import dev.eigenseg.api.internal.kernel.Parallel;
import dev.eigenseg.api.internal.resource.CallScope;
import java.util.Arrays;

/**
 * A Gaussian kernel between the pixels of one image as a sparse filter on the vertices of a
 * permutohedral lattice: splat, blur along d + 1 axes, slice. Normalised symmetrically: with the
 * lattice's own sums n of each pixel, {@code k(i, j) / sqrt(n_i n_j)}. Immutable.
 *
 * <p>The arrays are open to the loops that run over them.
 */
final class Lattice {
  // Pixels that one thread locates at a time.
  private static final int PIECE = 1 << 12;

  private static final int ASKING = 1 << 16; // steps between two questions whether to go on

  /** Vertices of each pixel, d + 1. */
  final int corners;

  /** The vertices of pixel after pixel. */
  final int[] vertex;

  /** How much of each vertex a pixel takes. */
  final float[] sliceWeight;

  /** Where the pixels of each vertex begin in {@link #pixel}, and where the last one's end. */
  final int[] firstPixel;

  /** The pixels of vertex after vertex, ascending for each. */
  final int[] pixel;

  /** How much of each pixel a vertex takes. */
  final float[] splatWeight;

  private final Chains[] chains;

  /**
   * Builds the lattice.
   *
   * @param features {@code [pixels, dimensions]} in units of the kernel's standard deviations
   * @param weight factor of the result
   */
  Lattice(float[] features, int dimensions, double weight, int threads) {
    corners = dimensions + 1;
    int pixels = features.length / dimensions;
    Embedding embedding = embedding(features, dimensions);
    long[] names = new long[Math.multiplyExact(pixels, corners)];
    sliceWeight = new float[names.length];
    Parallel.forEach(
        threads,
        (pixels + PIECE - 1L) / PIECE,
        piece -> {
          Embedding.Point point = embedding.point();
          int end = (int) Math.min(pixels, (piece + 1) * PIECE);
          for (int i = (int) piece * PIECE; i < end; i++) {
            point.locate(features, i * dimensions, names, sliceWeight, i * corners);
          }
        });
    vertex = new int[names.length];
    long[] distinct = VertexIndex.number(names, vertex);
    chains = new Chains[corners];
    Parallel.forEach(
        threads,
        corners,
        axis -> chains[(int) axis] = Chains.along(distinct, embedding.step((int) axis)));
    firstPixel = new int[distinct.length + 1];
    pixel = new int[vertex.length];
    splatWeight = new float[vertex.length];
    invert();
    normalize(weight);
  }

  private static Embedding embedding(float[] features, int dimensions) {
    float[] smallest = Arrays.copyOf(features, dimensions);
    float[] largest = smallest.clone();
    for (int i = 0; i < features.length; i += dimensions) {
      for (int c = 0; c < dimensions; c++) {
        smallest[c] = Math.min(smallest[c], features[i + c]);
        largest[c] = Math.max(largest[c], features[i + c]);
      }
    }
    return new Embedding(smallest, largest);
  }

  int pixels() {
    return vertex.length / corners;
  }

  int vertices() {
    return firstPixel.length - 1;
  }

  /** The chains along an axis. */
  Chains chains(int axis) {
    return chains[axis];
  }

  /** Lists the pixels of each vertex. */
  private void invert() {
    for (int v : vertex) {
      firstPixel[v + 1]++;
    }
    for (int v = 0; v < vertices(); v++) {
      firstPixel[v + 1] += firstPixel[v];
    }
    int[] position = firstPixel.clone();
    CallScope scope = CallScope.current();
    for (int i = 0; i < vertex.length; i++) {
      if (i % ASKING == 0) {
        scope.check();
      }
      int at = position[vertex[i]]++;
      pixel[at] = i / corners;
      splatWeight[at] = sliceWeight[i];
    }
  }

  /** Multiplies all constant factors into the weights. */
  private void normalize(double weight) {
    float[] values = blurredOnes();
    // What the blurs of a lone vertex add to itself through the others (the published constant).
    float alpha = (float) (1 / (1 + Math.pow(2, 1 - corners)));
    float[] norm = new float[pixels()];
    CallScope scope = CallScope.current();
    for (int i = 0; i < norm.length; i++) {
      if (i % ASKING == 0) {
        scope.check();
      }
      float sum = 0;
      for (int k = i * corners; k < (i + 1) * corners; k++) {
        sum = Math.fma(sliceWeight[k], values[vertex[k]], sum);
      }
      norm[i] = (float) (1 / Math.sqrt(alpha * sum + 1e-20));
    }
    float factor = (float) (alpha * weight);
    for (int i = 0; i < vertex.length; i++) {
      if (i % ASKING == 0) {
        scope.check();
      }
      sliceWeight[i] *= factor * norm[i / corners];
      splatWeight[i] *= norm[pixel[i]];
    }
  }

  private float[] blurredOnes() {
    float[] values = new float[vertices()];
    CallScope scope = CallScope.current();
    for (int v = 0; v < values.length; v++) {
      if (v % ASKING == 0) {
        scope.check();
      }
      for (int i = firstPixel[v]; i < firstPixel[v + 1]; i++) {
        values[v] += splatWeight[i];
      }
    }
    for (Chains axis : chains) {
      int at = 0;
      scope.check();
      for (int length = 2; length < axis.counts().length; length++) {
        for (int chain = 0; chain < axis.counts()[length]; chain++, at += length) {
          blur(axis.vertices(), at, length, values);
        }
      }
    }
    return values;
  }

  static void blur(int[] chain, int first, int length, float[] values) {
    float before = 0;
    for (int i = 0; i < length; i++) {
      float value = values[chain[first + i]];
      float after = i + 1 < length ? values[chain[first + i + 1]] : 0;
      values[chain[first + i]] = Math.fma(0.5f, before + after, value);
      before = value;
    }
  }
}
