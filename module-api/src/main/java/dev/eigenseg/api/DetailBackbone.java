package dev.eigenseg.api;

import dev.eigenseg.api.tensor.DType;
import dev.eigenseg.api.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * Owns a backbone and lets it look twice: at the image, and at the image enlarged by a factor. The
 * high features of a patch are those of the first look, divided by their L2 norm, and the mean of
 * those of the patches that the second look has in its place, divided likewise; low and mid
 * features are those of the first look. Small and thin things are so seen at the scale that the
 * backbone was trained for, with the context of the first look kept.
 */
final class DetailBackbone implements Backbone {
  /** The name of the factor among the settings. */
  static final String SETTING = "detail";

  private static final int MOST = 8;

  private final Backbone inner;
  private final int factor;

  private DetailBackbone(Backbone inner, int factor) {
    this.inner = inner;
    this.factor = factor;
  }

  /** Takes ownership, also if the factor is refused. */
  static Backbone of(Backbone inner, String factor) {
    try {
      int number = Integer.parseInt(factor);
      if (number >= 2 && number <= MOST) {
        return new DetailBackbone(inner, number);
      }
    } catch (NumberFormatException e) {
      // Said below.
    }
    inner.close();
    throw new BadInputException(
        "%s is '%s', expected a whole number from 2 to %d".formatted(SETTING, factor, MOST));
  }

  @Override
  public String id() {
    return inner.id();
  }

  @Override
  public String sha256() {
    return inner.sha256();
  }

  @Override
  public Map<String, String> settings() {
    Map<String, String> settings = new TreeMap<>(inner.settings());
    settings.put(SETTING, Integer.toString(factor));
    return settings;
  }

  @Override
  public List<String> assumptions() {
    return inner.assumptions();
  }

  @Override
  public int patchSize() {
    return inner.patchSize();
  }

  @Override
  public FeatureDims dims() {
    FeatureDims dims = inner.dims();
    return new FeatureDims(dims.low(), dims.mid(), 2 * dims.high());
  }

  @Override
  public PatchFeatures extract(Tensor pixels) {
    return extract(pixels, 1);
  }

  @Override
  public PatchFeatures extract(Tensor pixels, int threads) {
    PatchFeatures whole = inner.extract(pixels, threads);
    try (Tensor high = whole.high();
        Tensor enlarged = enlarge(pixels);
        PatchFeatures close = inner.extract(enlarged, threads)) {
      return new PatchFeatures(
          whole.gridRows(),
          whole.gridColumns(),
          whole.low(),
          whole.mid(),
          joined(high, close, whole.gridRows(), whole.gridColumns()));
    } catch (RuntimeException | Error e) {
      whole.close();
      throw e;
    }
  }

  /** Bilinear, with half-pixel centres: first along the rows, then from row to row. */
  private Tensor enlarge(Tensor pixels) {
    int height = Math.toIntExact(pixels.size(1));
    int width = Math.toIntExact(pixels.size(2));
    Tensor enlarged = Tensor.allocate(DType.F32, 3, (long) height * factor, (long) width * factor);
    float[] narrow = new float[width];
    float[][] wide = new float[height][width * factor];
    float[] row = new float[width * factor];
    long place = 0;
    for (int channel = 0; channel < 3; channel++) {
      for (int y = 0; y < height; y++) {
        long start = ((long) channel * height + y) * width;
        MemorySegment.copy(
            pixels.segment(), ValueLayout.JAVA_FLOAT, start * Float.BYTES, narrow, 0, width);
        widen(narrow, wide[y]);
      }
      for (int y = 0; y < height * factor; y++) {
        float source = source(y, height);
        int top = (int) source;
        mix(wide[top], wide[Math.min(height - 1, top + 1)], source - top, row);
        MemorySegment.copy(
            row, 0, enlarged.segment(), ValueLayout.JAVA_FLOAT, place * Float.BYTES, row.length);
        place += row.length;
      }
    }
    return enlarged;
  }

  private void widen(float[] narrow, float[] wide) {
    for (int x = 0; x < wide.length; x++) {
      float source = source(x, narrow.length);
      int left = (int) source;
      wide[x] = mix(narrow[left], narrow[Math.min(narrow.length - 1, left + 1)], source - left);
    }
  }

  private float source(int target, int size) {
    return Math.clamp((target + 0.5f) / factor - 0.5f, 0, size - 1);
  }

  private static void mix(float[] a, float[] b, float share, float[] mixed) {
    for (int i = 0; i < mixed.length; i++) {
      mixed[i] = mix(a[i], b[i], share);
    }
  }

  private static float mix(float a, float b, float share) {
    return a + (b - a) * share;
  }

  private Tensor joined(Tensor high, PatchFeatures close, int rows, int columns) {
    int dim = inner.dims().high();
    Tensor joined = Tensor.allocate(DType.F32, high.size(0), 2L * dim);
    float[] mean = new float[dim];
    for (int row = 0; row < rows; row++) {
      for (int column = 0; column < columns; column++) {
        long patch = (long) row * columns + column;
        store(high.slice(patch, 1).toFloats(), joined, patch * 2 * dim);
        mean(close, row, column, mean);
        store(mean, joined, patch * 2 * dim + dim);
      }
    }
    return joined;
  }

  private void mean(PatchFeatures close, int row, int column, float[] mean) {
    Arrays.fill(mean, 0);
    for (int y = row * factor; y < (row + 1) * factor; y++) {
      for (int x = column * factor; x < (column + 1) * factor; x++) {
        float[] patch = close.high().slice((long) y * close.gridColumns() + x, 1).toFloats();
        for (int c = 0; c < mean.length; c++) {
          mean[c] += patch[c] / (factor * factor);
        }
      }
    }
  }

  /** A row of zeros stays one. */
  private static void store(float[] row, Tensor target, long place) {
    double squares = 0;
    for (float value : row) {
      squares += (double) value * value;
    }
    double scale = squares > 0 ? 1 / Math.sqrt(squares) : 0;
    for (int c = 0; c < row.length; c++) {
      target.set(place + c, (float) (row[c] * scale));
    }
  }

  @Override
  public void close() {
    inner.close();
  }
}
