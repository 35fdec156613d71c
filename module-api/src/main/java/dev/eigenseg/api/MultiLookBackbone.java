package dev.eigenseg.api;

import dev.eigenseg.api.internal.resource.CallScope;
import dev.eigenseg.api.tensor.DType;
import dev.eigenseg.api.tensor.Tensor;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * Owns a backbone and lets it look at an image several times: at several sizes, and mirrored. The
 * features of a patch are the mean over the looks, each of which counts alike: a look's features
 * are divided by their L2 norm, brought to one grid and added up, and the sum is divided by its
 * root mean square over the channels. Averaged over sizes and sides, features keep what belongs to
 * a thing rather than to its size in the picture. Enlarged looks know more than the backbone's own
 * grid holds: with a finer one, thin things get patches of their own. A point has the same features
 * on both, so that a model that was trained on one can be used on the other.
 */
final class MultiLookBackbone implements Backbone {
  /** The name of the scales among the settings. */
  static final String LOOKS = "looks";

  /** The name among the settings of whether mirrored looks are taken. */
  static final String MIRROR = "mirror-looks";

  /** The name among the settings of how many times narrower patches are than the backbone's own. */
  static final String FINER = "finer";

  private final Backbone inner;
  private final Looks looks;
  private final int finer;

  private MultiLookBackbone(Backbone inner, Looks looks, int finer) {
    if (finer < 1 || inner.patchSize() % finer != 0) {
      throw new BadInputException(
          "finer is %d, expected a number that divides the %d pixels of a patch"
              .formatted(finer, inner.patchSize()));
    }
    this.inner = inner;
    this.looks = looks;
    this.finer = finer;
  }

  /** Takes ownership, also if the settings are refused. */
  static Backbone of(Backbone inner, String scales, String mirror, String finer) {
    try {
      return new MultiLookBackbone(inner, Looks.parse(scales, mirror), number(finer));
    } catch (RuntimeException | Error e) {
      inner.close();
      throw e;
    }
  }

  private static int number(String finer) {
    try {
      return Integer.parseInt(finer);
    } catch (NumberFormatException e) {
      throw new BadInputException("finer is '%s', expected a whole number".formatted(finer), e);
    }
  }

  /** The same looks on another grid; owns the backbone of this one, which is not to be closed. */
  MultiLookBackbone onFinerGrid(int factor) {
    return new MultiLookBackbone(inner, looks, factor);
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
    settings.put(LOOKS, looks.text());
    if (looks.mirror()) {
      settings.put(MIRROR, "true");
    }
    if (finer > 1) {
      settings.put(FINER, Integer.toString(finer));
    }
    return settings;
  }

  @Override
  public List<String> assumptions() {
    return inner.assumptions();
  }

  @Override
  public int patchSize() {
    return inner.patchSize() / finer;
  }

  @Override
  public FeatureDims dims() {
    return inner.dims();
  }

  @Override
  public PatchFeatures extract(Tensor pixels) {
    return extract(pixels, 1);
  }

  @Override
  public PatchFeatures extract(Tensor pixels, int threads) {
    int rows = Math.toIntExact(pixels.size(1) / patchSize());
    int columns = Math.toIntExact(pixels.size(2) / patchSize());
    FeatureDims dims = dims();
    PatchFeatures sum = zeros(rows, columns, dims);
    try {
      for (double scale : looks.scales()) {
        add(pixels, scale, false, threads, sum);
        if (looks.mirror()) {
          add(pixels, scale, true, threads, sum);
        }
      }
      for (Tensor level : List.of(sum.low(), sum.mid(), sum.high())) {
        normalize(level, Math.sqrt(level.size(1)));
      }
      return sum;
    } catch (RuntimeException | Error e) {
      sum.close();
      throw e;
    }
  }

  private static PatchFeatures zeros(int rows, int columns, FeatureDims dims) {
    long patches = (long) rows * columns;
    return new PatchFeatures(
        rows,
        columns,
        Tensor.allocate(DType.F32, patches, dims.low()),
        Tensor.allocate(DType.F32, patches, dims.mid()),
        Tensor.allocate(DType.F32, patches, dims.high()));
  }

  private void add(Tensor pixels, double scale, boolean mirrored, int threads, PatchFeatures sum) {
    int height = sized(pixels.size(1), scale);
    int width = sized(pixels.size(2), scale);
    try (Tensor look = Resampling.planes(pixels, height, width, mirrored);
        PatchFeatures features = inner.extract(look, threads)) {
      add(features.low(), features, mirrored, sum.low(), sum);
      add(features.mid(), features, mirrored, sum.mid(), sum);
      add(features.high(), features, mirrored, sum.high(), sum);
    }
  }

  /** The nearest side that the backbone takes. */
  private int sized(long side, double scale) {
    long patches = Math.max(1, Math.round(side * scale / inner.patchSize()));
    return Math.toIntExact(patches * inner.patchSize());
  }

  private static void add(
      Tensor level, PatchFeatures look, boolean mirrored, Tensor sum, PatchFeatures target) {
    normalize(level, 1);
    Resampling.addRows(
        level,
        look.gridRows(),
        look.gridColumns(),
        mirrored,
        sum,
        target.gridRows(),
        target.gridColumns());
  }

  /** Gives every row this L2 norm; a row of zeros stays one. */
  private static void normalize(Tensor rows, double norm) {
    float[] row = new float[Math.toIntExact(rows.size(1))];
    CallScope scope = CallScope.current();
    for (long r = 0; r < rows.size(0); r++) {
      if (r % 1024 == 0) {
        scope.check();
      }
      Resampling.read(rows, r * row.length, row);
      double squares = 0;
      for (float value : row) {
        squares += (double) value * value;
      }
      if (squares > 0) {
        float factor = (float) (norm / Math.sqrt(squares));
        for (int c = 0; c < row.length; c++) {
          row[c] *= factor;
        }
        Resampling.write(row, rows, r * row.length);
      }
    }
  }

  @Override
  public void close() {
    inner.close();
  }
}
