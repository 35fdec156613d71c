package dev.eigenseg.graph.spectral;

import static dev.eigenseg.graph.spectral.TallMatrix.WIDTH;

import dev.eigenseg.api.internal.kernel.VectorMath;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorSpecies;

/** The two loops over the rows of tall matrices. */
interface TallKernel {
  /** The implementation that suits this machine, as for all other kernels. */
  static TallKernel best() {
    return VectorMath.best().equals(VectorMath.simd()) ? new Simd() : new Scalar();
  }

  /** Adds {@code x[first .. end]^T y[first .. end]} to a sum {@code [16, 16]}. */
  void inner(MemorySegment x, MemorySegment y, long first, long end, float[] sum);

  /** {@code y += x coefficients} for the rows from first to end. */
  void add(MemorySegment y, MemorySegment x, float[] coefficients, long first, long end);

  /** One chain of fused multiply-adds for each element, as in the vector loops. */
  final class Scalar implements TallKernel {
    @Override
    public void inner(MemorySegment x, MemorySegment y, long first, long end, float[] sum) {
      for (long row = first; row < end; row++) {
        for (int i = 0; i < WIDTH; i++) {
          float value = x.getAtIndex(ValueLayout.JAVA_FLOAT, row * WIDTH + i);
          for (int c = 0; c < WIDTH; c++) {
            float other = y.getAtIndex(ValueLayout.JAVA_FLOAT, row * WIDTH + c);
            sum[i * WIDTH + c] = Math.fma(value, other, sum[i * WIDTH + c]);
          }
        }
      }
    }

    @Override
    public void add(MemorySegment y, MemorySegment x, float[] coefficients, long first, long end) {
      for (long row = first; row < end; row++) {
        for (int c = 0; c < WIDTH; c++) {
          float value = y.getAtIndex(ValueLayout.JAVA_FLOAT, row * WIDTH + c);
          for (int i = 0; i < WIDTH; i++) {
            float factor = x.getAtIndex(ValueLayout.JAVA_FLOAT, row * WIDTH + i);
            value = Math.fma(factor, coefficients[i * WIDTH + c], value);
          }
          y.setAtIndex(ValueLayout.JAVA_FLOAT, row * WIDTH + c, value);
        }
      }
    }
  }

  /** Eight accumulators at a time hide the latency of the multiply-add. */
  final class Simd implements TallKernel {
    // A row is one vector of 512 bits.
    private static final VectorSpecies<Float> FLOATS =
        FloatVector.SPECIES_PREFERRED.length() <= WIDTH
            ? FloatVector.SPECIES_PREFERRED
            : FloatVector.SPECIES_512;
    private static final int LANES = FLOATS.length();
    private static final ByteOrder NATIVE = ByteOrder.nativeOrder();
    private static final int ROW_BYTES = WIDTH * Float.BYTES;

    @Override
    public void inner(MemorySegment x, MemorySegment y, long first, long end, float[] sum) {
      for (int c = 0; c < WIDTH; c += LANES) {
        for (int i = 0; i < WIDTH; i += 8) {
          inner(x, y, first, end, i, c, sum);
        }
      }
    }

    private static void inner(
        MemorySegment x, MemorySegment y, long first, long end, int i, int c, float[] sum) {
      FloatVector s0 = FloatVector.fromArray(FLOATS, sum, i * WIDTH + c);
      FloatVector s1 = FloatVector.fromArray(FLOATS, sum, (i + 1) * WIDTH + c);
      FloatVector s2 = FloatVector.fromArray(FLOATS, sum, (i + 2) * WIDTH + c);
      FloatVector s3 = FloatVector.fromArray(FLOATS, sum, (i + 3) * WIDTH + c);
      FloatVector s4 = FloatVector.fromArray(FLOATS, sum, (i + 4) * WIDTH + c);
      FloatVector s5 = FloatVector.fromArray(FLOATS, sum, (i + 5) * WIDTH + c);
      FloatVector s6 = FloatVector.fromArray(FLOATS, sum, (i + 6) * WIDTH + c);
      FloatVector s7 = FloatVector.fromArray(FLOATS, sum, (i + 7) * WIDTH + c);
      for (long row = first; row < end; row++) {
        FloatVector v =
            FloatVector.fromMemorySegment(
                FLOATS, y, row * ROW_BYTES + (long) c * Float.BYTES, NATIVE);
        long place = row * ROW_BYTES + (long) i * Float.BYTES;
        s0 = broadcast(x, place).fma(v, s0);
        s1 = broadcast(x, place + 4).fma(v, s1);
        s2 = broadcast(x, place + 8).fma(v, s2);
        s3 = broadcast(x, place + 12).fma(v, s3);
        s4 = broadcast(x, place + 16).fma(v, s4);
        s5 = broadcast(x, place + 20).fma(v, s5);
        s6 = broadcast(x, place + 24).fma(v, s6);
        s7 = broadcast(x, place + 28).fma(v, s7);
      }
      s0.intoArray(sum, i * WIDTH + c);
      s1.intoArray(sum, (i + 1) * WIDTH + c);
      s2.intoArray(sum, (i + 2) * WIDTH + c);
      s3.intoArray(sum, (i + 3) * WIDTH + c);
      s4.intoArray(sum, (i + 4) * WIDTH + c);
      s5.intoArray(sum, (i + 5) * WIDTH + c);
      s6.intoArray(sum, (i + 6) * WIDTH + c);
      s7.intoArray(sum, (i + 7) * WIDTH + c);
    }

    private static FloatVector broadcast(MemorySegment x, long place) {
      return FloatVector.broadcast(FLOATS, x.get(ValueLayout.JAVA_FLOAT, place));
    }

    @Override
    public void add(MemorySegment y, MemorySegment x, float[] coefficients, long first, long end) {
      for (long row = first; row < end; row++) {
        for (int c = 0; c < WIDTH; c += LANES) {
          long place = row * ROW_BYTES + (long) c * Float.BYTES;
          FloatVector v = FloatVector.fromMemorySegment(FLOATS, y, place, NATIVE);
          for (int i = 0; i < WIDTH; i++) {
            FloatVector coefficient = FloatVector.fromArray(FLOATS, coefficients, i * WIDTH + c);
            v = broadcast(x, row * ROW_BYTES + (long) i * Float.BYTES).fma(coefficient, v);
          }
          v.intoMemorySegment(y, place, NATIVE);
        }
      }
    }
  }
}
