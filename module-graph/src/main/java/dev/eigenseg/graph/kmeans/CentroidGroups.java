package dev.eigenseg.graph.kmeans;

import dev.eigenseg.api.internal.kernel.Gemm;
import dev.eigenseg.api.internal.kernel.VectorMath;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;

/**
 * Centroids packed for products, in groups of near ones, so that a bound for a group holds most of
 * them off at a time. Results do not depend on who is in which group. Written by one thread.
 */
final class CentroidGroups {
  /** A set of groups fits into the bits above a row's number of a chunk. */
  static final int MOST = 48;

  private final int clusters;
  private final int dim;
  private final int width;
  private final int count;
  private final MemorySegment gathered;
  private final MemorySegment[] panels;
  private final MemorySegment halfNorms;
  private final int[] members;
  private final int[] groupOf;

  /** Groups for so many centroids, of one panel of columns each if they are not too many. */
  CentroidGroups(int clusters, int dim, Arena arena) {
    this.clusters = clusters;
    this.dim = dim;
    int panel = Gemm.columnPanel();
    this.width = Math.ceilDiv(Math.ceilDiv(clusters, panel), MOST) * panel;
    this.count = Math.ceilDiv(clusters, width);
    this.gathered = arena.allocate((long) width * dim * Float.BYTES, 64);
    this.panels = new MemorySegment[count];
    Arrays.setAll(panels, _ -> arena.allocate(Gemm.packedColumnBytes(width, dim), 64));
    this.halfNorms = arena.allocate((long) count * width * Float.BYTES, 64);
    this.members = new int[count * width];
    this.groupOf = new int[clusters];
  }

  /** How many groups there are. */
  int count() {
    return count;
  }

  /** Places of a group: its centroids by rising number, then places that never win. */
  int width() {
    return width;
  }

  /** The centroid in a place. */
  int member(int group, int place) {
    return members[group * width + place];
  }

  int groupOf(int cluster) {
    return groupOf[cluster];
  }

  /** The packed columns of a group, {@link #width} of them. */
  MemorySegment panels(int group) {
    return panels[group];
  }

  /** Half the squared norms of the centroids in all places; infinite where there is none. */
  MemorySegment halfNorms() {
    return halfNorms;
  }

  /** Forms groups: each is a centroid, the first that is left, and those nearest to it. */
  void form(MemorySegment centroids, float[] squaredNorms) {
    int[] left = new int[clusters];
    Arrays.setAll(left, i -> i);
    int size = clusters;
    for (int group = 0; group < count; group++) {
      int taken = Math.min(width, size);
      long[] nearest = nearestFirst(centroids, squaredNorms, left, size);
      int[] own = new int[taken];
      for (int i = 0; i < taken; i++) {
        own[i] = (int) nearest[i];
      }
      Arrays.sort(own);
      for (int i = 0; i < width; i++) {
        members[group * width + i] = i < taken ? own[i] : RowLabels.NONE;
      }
      for (int cluster : own) {
        groupOf[cluster] = group;
      }
      size -= taken;
      for (int i = 0; i < size; i++) {
        left[i] = (int) nearest[taken + i];
      }
      Arrays.sort(left, 0, size);
    }
  }

  /** Numbers of centroids in the low halves, by their distance from the first. */
  private long[] nearestFirst(MemorySegment centroids, float[] squaredNorms, int[] left, int size) {
    long rowBytes = (long) dim * Float.BYTES;
    long[] keys = new long[size];
    for (int i = 0; i < size; i++) {
      float dot =
          VectorMath.best().dot(centroids, left[0] * rowBytes, centroids, left[i] * rowBytes, dim);
      float distance =
          i == 0 ? 0 : Math.max(0, squaredNorms[left[i]] - 2 * dot + squaredNorms[left[0]]);
      keys[i] = (long) Float.floatToIntBits(distance) << Integer.SIZE | left[i];
    }
    Arrays.sort(keys);
    return keys;
  }

  /** Packs the centroids as they are now. */
  void pack(MemorySegment centroids, float[] squaredNorms) {
    long rowBytes = (long) dim * Float.BYTES;
    for (int group = 0; group < count; group++) {
      gathered.fill((byte) 0);
      for (int i = 0; i < width; i++) {
        int cluster = member(group, i);
        boolean there = cluster != RowLabels.NONE;
        if (there) {
          MemorySegment.copy(centroids, cluster * rowBytes, gathered, i * rowBytes, rowBytes);
        }
        float half = there ? 0.5f * squaredNorms[cluster] : Float.POSITIVE_INFINITY;
        halfNorms.setAtIndex(ValueLayout.JAVA_FLOAT, (long) group * width + i, half);
      }
      Gemm.packColumns(gathered, 0, width, dim, panels[group]);
    }
  }
}
