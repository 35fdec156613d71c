package dev.eigenseg.infer.segment;

import dev.eigenseg.api.BadInputException;
import dev.eigenseg.api.ClusterNames;
import dev.eigenseg.api.ImageGeometry;
import dev.eigenseg.api.ImageGeometry.Size;
import dev.eigenseg.api.Segmentation;
import dev.eigenseg.api.internal.kernel.Axis;
import dev.eigenseg.api.internal.kernel.Parallel;
import dev.eigenseg.api.internal.resource.CallScope;
import dev.eigenseg.api.tensor.DType;
import dev.eigenseg.api.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.Optional;

/**
 * Bilinear upsampling of logits fused with argmax: no plane of logits exists at full resolution.
 *
 * <p>Between four neighbouring cells a cluster's logit never exceeds its largest corner, and the
 * winner's never falls below any cluster's smallest corner. So for each quad of cells a scan of the
 * K corners leaves the few clusters that can win, mostly one or two, and only these are
 * interpolated.
 */
public final class Upsampler {
  // Interpolation rounds by less than 1e-6 of the largest magnitude; what is closer than this stays
  // a candidate.
  private static final float SLACK = 1e-5f;
  private static final int MAX_CLUSTERS = 1 << 16;
  private static final int BANDS_PER_THREAD = 4;

  private final int clusters;
  private final Axis horizontal;
  private final Axis vertical;
  private final float[] upper; // the quad's upper and lower grid rows, [columns, clusters]
  private final float[] lower;
  private final int[] candidates;
  private final float[] left; // a candidate's logit at the left and the right side of one pixel row
  private final float[] right;
  private final short[] result;

  private Upsampler(Axis horizontal, Axis vertical, int clusters, short[] result) {
    this.clusters = clusters;
    this.horizontal = horizontal;
    this.vertical = vertical;
    this.result = result;
    upper = new float[Math.multiplyExact(horizontal.cells(), clusters)];
    lower = new float[upper.length];
    candidates = new int[clusters];
    left = new float[clusters];
    right = new float[clusters];
  }

  /**
   * The cluster with the largest upsampled logit for every pixel; of equal ones the first. A
   * pixel's centre is mapped to the part of the grid that holds the image, not its padding, and
   * clamped at the outermost patches' centres.
   *
   * @param logits float32 {@code [gridRows * gridColumns, clusters]}; borrowed
   * @param gridRows patches from top to bottom
   * @param gridColumns patches from left to right
   * @param geometry how the image became the grid
   * @param width pixels of the result
   * @param height pixels of the result
   * @param names to attach to the result
   * @param threads worker threads, the caller's among them; the result does not depend on it
   * @throws BadInputException if a logit is not finite
   */
  public static Segmentation argmax(
      Tensor logits,
      int gridRows,
      int gridColumns,
      ImageGeometry geometry,
      int width,
      int height,
      Optional<ClusterNames> names,
      int threads) {
    if (logits.dtype() != DType.F32
        || logits.rank() != 2
        || logits.size(0) != (long) gridRows * gridColumns
        || logits.size(1) < 1
        || logits.size(1) > MAX_CLUSTERS) {
      throw new IllegalArgumentException(
          "expected float32 logits of %d x %d patches for 1 to %d clusters, found %s"
              .formatted(gridRows, gridColumns, MAX_CLUSTERS, logits));
    }
    int clusters = Math.toIntExact(logits.size(1));
    Size content = geometry.content(width, height);
    Axis horizontal =
        Axis.of(width, gridColumns, (double) content.width() / geometry.patchSize()).inIntervals();
    Axis vertical =
        Axis.of(height, gridRows, (double) content.height() / geometry.patchSize()).inIntervals();
    short[] result = new short[Math.multiplyExact(width, height)];
    int bands = Math.min(gridRows, threads == 1 ? 1 : threads * BANDS_PER_THREAD);
    Parallel.forEach(
        threads,
        bands,
        band -> {
          int start = (int) (band * height / bands);
          int end = (int) ((band + 1) * height / bands);
          new Upsampler(horizontal, vertical, clusters, result).run(logits.segment(), start, end);
        });
    return Segmentation.of(width, height, clusters, result, names);
  }

  /** Fills some pixel rows. */
  private void run(MemorySegment logits, int start, int end) {
    CallScope scope = CallScope.current();
    for (int y = start; y < end; ) {
      scope.check();
      int yEnd = Math.min(vertical.runEnd(y), end);
      int cell = vertical.first()[y];
      load(logits, cell, upper);
      load(logits, vertical.second(cell), lower);
      for (int x = 0; x < horizontal.size(); ) {
        int xEnd = horizontal.runEnd(x);
        fill(x, xEnd, y, yEnd);
        x = xEnd;
      }
      y = yEnd;
    }
  }

  private static void load(MemorySegment logits, int row, float[] target) {
    long offset = (long) row * target.length * Float.BYTES;
    MemorySegment.copy(logits, ValueLayout.JAVA_FLOAT, offset, target, 0, target.length);
  }

  /** Fills the pixels of one quad of cells. */
  private void fill(int xStart, int xEnd, int yStart, int yEnd) {
    int leftCell = horizontal.first()[xStart] * clusters;
    int rightCell = horizontal.second(horizontal.first()[xStart]) * clusters;
    int count = findCandidates(leftCell, rightCell);
    for (int y = yStart; y < yEnd; y++) {
      int row = y * horizontal.size();
      if (count == 1) {
        Arrays.fill(result, row + xStart, row + xEnd, (short) candidates[0]);
        continue;
      }
      float down = vertical.weight()[y];
      for (int i = 0; i < count; i++) {
        left[i] = mix(upper[leftCell + candidates[i]], lower[leftCell + candidates[i]], down);
        right[i] = mix(upper[rightCell + candidates[i]], lower[rightCell + candidates[i]], down);
      }
      for (int x = xStart; x < xEnd; x++) {
        result[row + x] = (short) candidates[best(count, horizontal.weight()[x])];
      }
    }
  }

  private int best(int count, float across) {
    int best = 0;
    float most = mix(left[0], right[0], across);
    for (int i = 1; i < count; i++) {
      float value = mix(left[i], right[i], across);
      if (value > most) {
        most = value;
        best = i;
      }
    }
    return best;
  }

  private static float mix(float from, float to, float weight) {
    return from + weight * (to - from);
  }

  private int findCandidates(int leftCell, int rightCell) {
    float bound = Float.NEGATIVE_INFINITY;
    float largest = 0;
    for (int k = 0; k < clusters; k++) {
      float smallest =
          Math.min(
              Math.min(upper[leftCell + k], upper[rightCell + k]),
              Math.min(lower[leftCell + k], lower[rightCell + k]));
      bound = Math.max(bound, smallest);
      largest =
          Math.max(
              largest,
              Math.max(Math.abs(smallest), Math.abs(highest(leftCell + k, rightCell + k))));
    }
    if (!(largest < Float.POSITIVE_INFINITY)) {
      throw GridLogits.notFinite();
    }
    bound -= SLACK * largest;
    int count = 0;
    for (int k = 0; k < clusters; k++) {
      if (highest(leftCell + k, rightCell + k) >= bound) {
        candidates[count++] = k;
      }
    }
    return count;
  }

  private float highest(int leftIndex, int rightIndex) {
    return Math.max(
        Math.max(upper[leftIndex], upper[rightIndex]),
        Math.max(lower[leftIndex], lower[rightIndex]));
  }
}
