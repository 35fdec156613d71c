package dev.eigenseg.graph.kmeans;

import dev.eigenseg.api.internal.kernel.VectorMath;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorSpecies;

/**
 * Looks through the products of a row with a group of centroids. A place's score is its product
 * less half the centroid's squared norm. Stateless.
 */
final class GroupScan {
  private static final VectorSpecies<Float> SPECIES = FloatVector.SPECIES_PREFERRED;
  private static final int LANES = SPECIES.length();
  private static final long BYTES = SPECIES.vectorByteSize();
  private static final ByteOrder NATIVE = ByteOrder.nativeOrder();
  private static final boolean VECTORS = VectorMath.best().equals(VectorMath.simd());

  private GroupScan() {}

  /**
   * The largest score, negative infinity if there is none; NaNs may make it NaN.
   *
   * @param products of the row, from {@code offset} bytes on
   * @param halfNorms of the group, from {@code normOffset} bytes on
   * @param width places: a multiple of the vectors' length
   */
  static float best(
      MemorySegment products, long offset, MemorySegment halfNorms, long normOffset, int width) {
    if (!VECTORS) {
      return scalarBest(products, offset, halfNorms, normOffset, width, width);
    }
    FloatVector best = FloatVector.broadcast(SPECIES, Float.NEGATIVE_INFINITY);
    long end = (long) width * Float.BYTES;
    for (long at = 0; at < end; at += BYTES) {
      best = best.max(scores(products, offset + at, halfNorms, normOffset + at));
    }
    return best.reduceLanes(VectorOperators.MAX);
  }

  private static FloatVector scores(
      MemorySegment products, long offset, MemorySegment halfNorms, long normOffset) {
    return FloatVector.fromMemorySegment(SPECIES, products, offset, NATIVE)
        .sub(FloatVector.fromMemorySegment(SPECIES, halfNorms, normOffset, NATIVE));
  }

  /** The first place with a score, {@code width} if there is none. */
  static int place(
      MemorySegment products,
      long offset,
      MemorySegment halfNorms,
      long normOffset,
      int width,
      float score) {
    int place = 0;
    while (VECTORS && place < width) {
      long at = (long) place * Float.BYTES;
      VectorMask<Float> found =
          scores(products, offset + at, halfNorms, normOffset + at)
              .compare(VectorOperators.EQ, score);
      if (found.anyTrue()) {
        return place + found.firstTrue();
      }
      place += LANES;
    }
    while (place < width && score(products, offset, halfNorms, normOffset, place) != score) {
      place++;
    }
    return place;
  }

  /** The largest score but that of one place. */
  static float bestBut(
      MemorySegment products,
      long offset,
      MemorySegment halfNorms,
      long normOffset,
      int width,
      int but) {
    if (!VECTORS) {
      return scalarBest(products, offset, halfNorms, normOffset, width, but);
    }
    FloatVector best = FloatVector.broadcast(SPECIES, Float.NEGATIVE_INFINITY);
    for (int place = 0; place < width; place += LANES) {
      long at = (long) place * Float.BYTES;
      FloatVector scores = scores(products, offset + at, halfNorms, normOffset + at);
      if (but >= place && but < place + LANES) {
        scores = scores.withLane(but - place, Float.NEGATIVE_INFINITY);
      }
      best = best.max(scores);
    }
    return best.reduceLanes(VectorOperators.MAX);
  }

  /** The scalar twin of {@link #best} and {@link #bestBut}. */
  static float scalarBest(
      MemorySegment products,
      long offset,
      MemorySegment halfNorms,
      long normOffset,
      int width,
      int but) {
    float best = Float.NEGATIVE_INFINITY;
    for (int place = 0; place < width; place++) {
      if (place != but) {
        best = Math.max(best, score(products, offset, halfNorms, normOffset, place));
      }
    }
    return best;
  }

  private static float score(
      MemorySegment products, long offset, MemorySegment halfNorms, long normOffset, int place) {
    long at = (long) place * Float.BYTES;
    return products.get(ValueLayout.JAVA_FLOAT, offset + at)
        - halfNorms.get(ValueLayout.JAVA_FLOAT, normOffset + at);
  }
}
