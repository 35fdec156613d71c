package dev.eigenseg.graph.kernel;

import dev.eigenseg.api.internal.kernel.VectorMath;
import dev.eigenseg.api.tensor.DType;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorSpecies;

/**
 * Sparse rows times a dense matrix, by the type of the latter. Every element of the result is one
 * chain of fused multiply-adds over the row's entries in their order, so the vector loop and its
 * scalar twin give the same bytes.
 *
 * <p>What loads the dense matrix is written twice, once for each type, with tiles of other widths:
 * a choice within the innermost loop would keep vectors out of the registers.
 */
abstract sealed class SparseProduct permits SingleSparseProduct, HalfSparseProduct {
  static final VectorSpecies<Float> FLOATS = FloatVector.SPECIES_PREFERRED;
  static final int LANES = FLOATS.length();
  private static final int WIDE = 8 * LANES;
  // With 16 lanes, K = 64 is half a wide block.
  private static final int BLOCK = 4 * LANES;
  private static final boolean VECTORS = VectorMath.best().equals(VectorMath.simd());

  /** Apart, since a class must not wait for its subclasses. */
  private static final class Kinds {
    static final SparseProduct SINGLE = new SingleSparseProduct();
    static final SparseProduct HALF = new HalfSparseProduct();
  }

  /** The product with a matrix of float16 if it is that, else of float32. */
  static SparseProduct with(DType dense) {
    return dense == DType.F16 ? Kinds.HALF : Kinds.SINGLE;
  }

  /** {@code out[i] = matrix[first + i] * dense} for {@code i < count}. */
  final void rows(
      SymmetricRows.Window matrix,
      long first,
      long count,
      MemorySegment dense,
      long k,
      MemorySegment out) {
    if (!VECTORS) {
      scalarRows(matrix, first, count, dense, k, out);
      return;
    }
    MemorySegment entries = matrix.entries();
    for (long r = 0; r < count; r++) {
      long begin = matrix.begin(first + r);
      long end = matrix.begin(first + r + 1);
      long target = r * k * Float.BYTES;
      long c = 0;
      for (; c + WIDE <= k; c += WIDE) {
        wide(entries, begin, end, dense, k, c, out, target + c * Float.BYTES);
      }
      for (; c + BLOCK <= k; c += BLOCK) {
        block(entries, begin, end, dense, k, c, out, target + c * Float.BYTES);
      }
      for (; c + LANES <= k; c += LANES) {
        vector(entries, begin, end, dense, k, c, out, target + c * Float.BYTES);
      }
      for (; c < k; c++) {
        scalar(entries, begin, end, dense, k, c, out, target + c * Float.BYTES);
      }
    }
  }

  /** The scalar twin of {@link #rows}. */
  final void scalarRows(
      SymmetricRows.Window matrix,
      long first,
      long count,
      MemorySegment dense,
      long k,
      MemorySegment out) {
    for (long r = 0; r < count; r++) {
      long begin = matrix.begin(first + r);
      long end = matrix.begin(first + r + 1);
      for (long c = 0; c < k; c++) {
        scalar(matrix.entries(), begin, end, dense, k, c, out, (r * k + c) * Float.BYTES);
      }
    }
  }

  /** Eight vectors of a row, from column c on. */
  abstract void wide(
      MemorySegment entries,
      long begin,
      long end,
      MemorySegment dense,
      long k,
      long c,
      MemorySegment out,
      long target);

  /** Four vectors. */
  abstract void block(
      MemorySegment entries,
      long begin,
      long end,
      MemorySegment dense,
      long k,
      long c,
      MemorySegment out,
      long target);

  /** One vector. */
  abstract void vector(
      MemorySegment entries,
      long begin,
      long end,
      MemorySegment dense,
      long k,
      long c,
      MemorySegment out,
      long target);

  /** A value of the dense matrix. */
  abstract float value(MemorySegment dense, long index);

  private void scalar(
      MemorySegment entries,
      long begin,
      long end,
      MemorySegment dense,
      long k,
      long c,
      MemorySegment out,
      long target) {
    float sum = 0;
    for (long p = begin; p < end; p++) {
      float value = value(dense, SymmetricRows.column(entries, p) * k + c);
      sum = Math.fma(SymmetricRows.value(entries, p), value, sum);
    }
    out.set(ValueLayout.JAVA_FLOAT, target, sum);
  }
}
