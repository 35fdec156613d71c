package dev.eigenseg.cli.report;

import dev.eigenseg.api.ImageGeometry.Size;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.Base64;
import java.util.function.IntBinaryOperator;
import java.util.zip.Deflater;
import java.util.zip.DeflaterOutputStream;

/**
 * A map of numbers at the size of a picture, of clusters or of classes, as the page's script reads
 * it: zlib of its rows, each exclusive-ored with the one above, as Base64. The page colours it, so
 * that colours can follow names.
 *
 * @param text the Base64
 * @param bytes of a number: 1, or 2 with the low one first
 */
record SmallMap(String text, int bytes) {
  private static final int ONE_BYTE = 256;

  /**
   * Takes a large map at the centres of the small one's pixels.
   *
   * @param size of the small map
   * @param width of the large map
   * @param height likewise
   * @param limit what all numbers lie below, at most 65536
   * @param at the number at a column and a row of the large map
   */
  static SmallMap of(Size size, int width, int height, int limit, IntBinaryOperator at) {
    char[] values = new char[size.width() * size.height()];
    for (int y = 0; y < size.height(); y++) {
      int row = (int) ((2L * y + 1) * height / (2L * size.height()));
      for (int x = 0; x < size.width(); x++) {
        int column = (int) ((2L * x + 1) * width / (2L * size.width()));
        values[y * size.width() + x] = (char) at.applyAsInt(column, row);
      }
    }
    int bytes = limit <= ONE_BYTE ? 1 : 2;
    return new SmallMap(text(values, size.width(), bytes), bytes);
  }

  // Most rows are those above but for a few pixels: long runs of zeros.
  private static String text(char[] values, int width, int bytes) {
    byte[] rows = new byte[values.length * bytes];
    for (int i = 0; i < values.length; i++) {
      int changed = values[i] ^ (i < width ? 0 : values[i - width]);
      rows[i * bytes] = (byte) changed;
      if (bytes == 2) {
        rows[i * bytes + 1] = (byte) (changed >> 8);
      }
    }
    Deflater deflater = new Deflater(Deflater.BEST_COMPRESSION);
    ByteArrayOutputStream packed = new ByteArrayOutputStream();
    try (DeflaterOutputStream out = new DeflaterOutputStream(packed, deflater)) {
      out.write(rows);
    } catch (IOException e) { // into memory, which does not fail
      throw new UncheckedIOException(e);
    } finally {
      deflater.end();
    }
    return Base64.getEncoder().encodeToString(packed.toByteArray());
  }
}
