package dev.eigenseg.api;

import dev.eigenseg.api.internal.kernel.Axis;
import dev.eigenseg.api.internal.resource.CallScope;
import dev.eigenseg.api.tensor.DType;
import dev.eigenseg.api.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/** Bilinear resampling with half-pixel centres, of pixel planes and of grids of features. */
final class Resampling {
  private Resampling() {}

  /**
   * An image of another size.
   *
   * @param pixels {@code [3, height, width]}; borrowed
   * @param mirrored whether left and right change places
   * @return {@code [3, height, width]}, to be closed by the caller
   */
  static Tensor planes(Tensor pixels, int height, int width, boolean mirrored) {
    int fromHeight = Math.toIntExact(pixels.size(1));
    int fromWidth = Math.toIntExact(pixels.size(2));
    Axis vertical = Axis.of(height, fromHeight);
    Axis horizontal = across(width, fromWidth, mirrored);
    Tensor result = Tensor.allocate(DType.F32, 3, height, width);
    try {
      fill(pixels, vertical, horizontal, result);
      return result;
    } catch (RuntimeException | Error e) {
      result.close();
      throw e;
    }
  }

  private static void fill(Tensor pixels, Axis vertical, Axis horizontal, Tensor result) {
    int fromHeight = Math.toIntExact(pixels.size(1));
    int fromWidth = Math.toIntExact(pixels.size(2));
    int height = vertical.size();
    int width = horizontal.size();
    CallScope scope = CallScope.current();
    float[] upper = new float[fromWidth];
    float[] lower = new float[fromWidth];
    float[] row = new float[width];
    for (int channel = 0; channel < 3; channel++) {
      for (int y = 0; y < height; y++) {
        scope.check();
        long plane = (long) channel * fromHeight;
        read(pixels, (plane + vertical.first()[y]) * fromWidth, upper);
        read(pixels, (plane + vertical.second(vertical.first()[y])) * fromWidth, lower);
        mix(upper, lower, vertical.weight()[y], upper);
        for (int x = 0; x < width; x++) {
          float left = upper[horizontal.first()[x]];
          float right = upper[horizontal.second(horizontal.first()[x])];
          row[x] = horizontal.mix(x, left, right);
        }
        write(row, result, ((long) channel * height + y) * width);
      }
    }
  }

  /**
   * Adds a grid of rows to one of another size.
   *
   * @param rows {@code [fromRows * fromColumns, dim]}
   * @param mirrored whether left and right change places
   * @param sum {@code [toRows * toColumns, dim]}
   */
  static void addRows(
      Tensor rows,
      int fromRows,
      int fromColumns,
      boolean mirrored,
      Tensor sum,
      int toRows,
      int toColumns) {
    int dim = Math.toIntExact(rows.size(1));
    Axis vertical = Axis.of(toRows, fromRows);
    Axis horizontal = across(toColumns, fromColumns, mirrored);
    int line = Math.multiplyExact(fromColumns, dim);
    float[] upper = new float[line];
    float[] lower = new float[line];
    float[] target = new float[Math.multiplyExact(toColumns, dim)];
    CallScope scope = CallScope.current();
    for (int y = 0; y < toRows; y++) {
      scope.check();
      read(rows, (long) vertical.first()[y] * line, upper);
      read(rows, (long) vertical.second(vertical.first()[y]) * line, lower);
      mix(upper, lower, vertical.weight()[y], upper);
      read(sum, (long) y * target.length, target);
      for (int x = 0; x < toColumns; x++) {
        int left = horizontal.first()[x] * dim;
        int right = horizontal.second(horizontal.first()[x]) * dim;
        float share = horizontal.weight()[x];
        for (int c = 0; c < dim; c++) {
          float value = upper[left + c];
          target[x * dim + c] += value + (upper[right + c] - value) * share;
        }
      }
      write(target, sum, (long) y * target.length);
    }
  }

  /** Mirrored, the target's begin is at the source's end. */
  private static Axis across(int to, int from, boolean mirrored) {
    Axis axis = Axis.of(to, from);
    return mirrored ? axis.mirrored() : axis;
  }

  private static void mix(float[] a, float[] b, float share, float[] mixed) {
    for (int i = 0; i < mixed.length; i++) {
      mixed[i] = a[i] + (b[i] - a[i]) * share;
    }
  }

  /** Copies values from a place on. */
  static void read(Tensor source, long place, float[] target) {
    MemorySegment.copy(
        source.segment(), ValueLayout.JAVA_FLOAT, place * Float.BYTES, target, 0, target.length);
  }

  /** Copies values to a place. */
  static void write(float[] source, Tensor target, long place) {
    MemorySegment.copy(
        source, 0, target.segment(), ValueLayout.JAVA_FLOAT, place * Float.BYTES, source.length);
  }
}
