package your.app;

import dev.eigenseg.api.Backbone;
import dev.eigenseg.api.Cancellation;
import dev.eigenseg.api.PatchFeatures;
import dev.eigenseg.api.tensor.DType;
import dev.eigenseg.api.tensor.Tensor;

/**
 * A backbone of your own: here the mean colour of each patch, where yours runs a network. Found by
 * its scheme as soon as the module is there: {@code Backbones.open("mean-color", "cpu")}.
 */
final class MeanColorBackbone implements Backbone {
  private static final int PATCH = 8;
  private static final int CHANNELS = 4;

  @Override
  public String id() {
    return "mean-color";
  }

  /** Of the weights; without any, of what decides the features. Models refuse another. */
  @Override
  public String sha256() {
    return "5b8c1f0e".repeat(8);
  }

  @Override
  public int patchSize() {
    return PATCH;
  }

  @Override
  public FeatureDims dims() {
    return new FeatureDims(CHANNELS, CHANNELS, CHANNELS);
  }

  @Override
  public PatchFeatures extract(Tensor pixels) {
    int width = Math.toIntExact(pixels.size(2));
    int rows = Math.toIntExact(pixels.size(1) / PATCH);
    int columns = width / PATCH;
    Tensor features = Tensor.allocate(DType.F32, (long) rows * columns, CHANNELS);
    try {
      for (int row = 0; row < rows; row++) {
        Cancellation.checkCall(); // calls end here too, and free what they hold
        for (int column = 0; column < columns; column++) {
          describe(pixels, row, column, features, (long) row * columns + column);
        }
      }
      // Three levels are asked for; one tensor may be all of them.
      return new PatchFeatures(rows, columns, features, features, features);
    } catch (RuntimeException | Error e) {
      features.close();
      throw e;
    }
  }

  private static void describe(Tensor pixels, int row, int column, Tensor target, long patch) {
    long width = pixels.size(2);
    for (int channel = 0; channel < 3; channel++) {
      float sum = 0;
      for (int y = row * PATCH; y < (row + 1) * PATCH; y++) {
        for (int x = column * PATCH; x < (column + 1) * PATCH; x++) {
          sum += pixels.get((channel * pixels.size(1) + y) * width + x);
        }
      }
      target.set(patch * CHANNELS + channel, sum / (PATCH * PATCH) - 0.5f);
    }
    target.set(patch * CHANNELS + 3, 0.1f); // never a row of zeros, which has no cosine
  }

  @Override
  public void close() {}
}
