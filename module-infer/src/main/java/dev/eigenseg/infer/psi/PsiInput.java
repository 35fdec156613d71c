package dev.eigenseg.infer.psi;

import dev.eigenseg.api.PatchFeatures;
import dev.eigenseg.api.internal.kernel.VectorMath;
import dev.eigenseg.api.internal.resource.CallScope;
import dev.eigenseg.api.tensor.DType;
import dev.eigenseg.api.tensor.Tensor;
import dev.eigenseg.infer.FeatureScales;
import java.lang.foreign.MemorySegment;

/** The input of psi: low, mid and high side by side, each divided by its scale. */
public final class PsiInput {
  private PsiInput() {}

  /**
   * Concatenates the three levels of one image.
   *
   * @param features of one image; borrowed
   * @param scales the divisors
   * @param out receives float32 {@code [patches, low + mid + high]}; borrowed
   */
  public static void concat(PatchFeatures features, FeatureScales scales, Tensor out) {
    long dim = features.low().size(1) + features.mid().size(1) + features.high().size(1);
    if (out.dtype() != DType.F32
        || out.rank() != 2
        || out.size(0) != features.patches()
        || out.size(1) != dim) {
      throw new IllegalArgumentException(
          "expected float32 [%d, %d] for the result, found %s"
              .formatted(features.patches(), dim, out));
    }
    place(features.low(), scales.low(), out, 0);
    place(features.mid(), scales.mid(), out, features.low().size(1));
    place(features.high(), scales.high(), out, dim - features.high().size(1));
  }

  private static void place(Tensor level, float scale, Tensor out, long firstChannel) {
    VectorMath math = VectorMath.best();
    MemorySegment source = level.segment();
    MemorySegment target = out.segment();
    long dim = level.size(1);
    CallScope scope = CallScope.current();
    for (long row = 0; row < level.size(0); row++) {
      if (row % 1024 == 0) {
        scope.check();
      }
      long offset = (row * out.size(1) + firstChannel) * Float.BYTES;
      MemorySegment.copy(source, row * dim * Float.BYTES, target, offset, dim * Float.BYTES);
      if (scale != 1) {
        math.scale(1 / scale, target, offset, dim);
      }
    }
  }
}
