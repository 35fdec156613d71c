package dev.eigenseg.api.bank;

import dev.eigenseg.api.BadInputException;
import dev.eigenseg.api.internal.kernel.VectorMath;
import dev.eigenseg.api.tensor.DType;
import dev.eigenseg.api.tensor.Tensor;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.zip.CRC32C;

/** Owns a buffer in which rows take their stored form; checks and sums them on the way. */
final class RowStager implements AutoCloseable {
  private static final long BUFFER_BYTES = 4L << 20;
  private static final double MOST_F16 = 65504;

  private final Arena arena = Arena.ofShared();
  private MemorySegment buffer = MemorySegment.NULL;

  /** Writes one image's rows of a level. */
  ImageJournal.Block write(LevelWriter level, long firstRow, Tensor rows, String image)
      throws IOException {
    return write(level, firstRow, rows, image, new float[0]);
  }

  /**
   * Writes one image's rows of a level.
   *
   * @param inverseNorms receives each row's inverse norm, as the stored values have it; or empty
   * @throws BadInputException if a value cannot be stored
   */
  ImageJournal.Block write(
      LevelWriter level, long firstRow, Tensor rows, String image, float[] inverseNorms)
      throws IOException {
    LevelLayout layout = level.layout();
    CRC32C crc = new CRC32C();
    double sum = 0;
    double squares = 0;
    int most = Math.toIntExact(Math.max(1, BUFFER_BYTES / layout.stride()));
    long count = rows.size(0);
    for (long begin = 0; begin < count; begin += most) {
      long chunk = Math.min(most, count - begin);
      MemorySegment stored = cleared(chunk * layout.stride());
      for (long i = 0; i < chunk; i++) {
        long row = begin + i;
        store(layout, rows, row, stored, i * layout.stride());
        RowSums sums = RowSums.of(layout, stored, i * layout.stride());
        refuseUnstorable(layout, sums, image, row);
        sum += sums.sum();
        squares += sums.squares();
        if (inverseNorms.length > 0) {
          inverseNorms[(int) row] = sums.inverseNorm();
        }
      }
      crc.update(stored.asByteBuffer());
      level.write(firstRow + begin, stored);
    }
    return new ImageJournal.Block((int) crc.getValue(), sum, squares);
  }

  private static void store(
      LevelLayout layout, Tensor rows, long row, MemorySegment stored, long offset) {
    long rowBytes = (long) layout.dim() * Float.BYTES;
    if (layout.dtype() == DType.F16) {
      VectorMath.best().f32ToF16(rows.segment(), row * rowBytes, stored, offset, layout.dim());
    } else {
      MemorySegment.copy(rows.segment(), row * rowBytes, stored, offset, rowBytes);
    }
  }

  private static void refuseUnstorable(LevelLayout layout, RowSums sums, String image, long row) {
    // float32 values cannot overflow a sum in double precision, so this means one is not finite.
    if (!Double.isFinite(sums.squares())) {
      throw new BadInputException(
          "%s: patch %d has a %s feature that is not finite%s; leave the image out, or look for the fault in the backbone"
              .formatted(
                  image,
                  row,
                  layout.level().fileStem(),
                  layout.dtype() == DType.F16
                      ? " or beyond %s, the largest float16 (--dtype f32 holds it)"
                          .formatted((long) MOST_F16)
                      : ""));
    }
  }

  private MemorySegment cleared(long bytes) {
    if (buffer.byteSize() < bytes) {
      // Once, unless a single row is larger than the buffer.
      buffer = arena.allocate(Math.max(bytes, BUFFER_BYTES), 64);
    }
    return buffer.asSlice(0, bytes).fill((byte) 0);
  }

  @Override
  public void close() {
    if (arena.scope().isAlive()) {
      arena.close();
    }
  }

  /**
   * Sums over one stored row, in double precision and in order, so that they are the same
   * everywhere.
   */
  private record RowSums(double sum, double squares) {
    static RowSums of(LevelLayout layout, MemorySegment stored, long offset) {
      double sum = 0;
      double squares = 0;
      for (int i = 0; i < layout.dim(); i++) {
        double value =
            layout.dtype() == DType.F16
                ? Float.float16ToFloat(stored.get(ValueLayout.JAVA_SHORT, offset + 2L * i))
                : stored.get(ValueLayout.JAVA_FLOAT, offset + 4L * i);
        sum += value;
        squares += value * value;
      }
      return new RowSums(sum, squares);
    }

    /** 0 for a zero row, also for one whose inverse norm float32 does not hold. */
    float inverseNorm() {
      float inverse = (float) (1 / Math.sqrt(squares));
      return squares > 0 && Float.isFinite(inverse) ? inverse : 0;
    }
  }
}
