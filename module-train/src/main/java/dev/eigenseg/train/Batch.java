package dev.eigenseg.train;

import dev.eigenseg.api.PatchFeatures;
import dev.eigenseg.api.bank.FeatureBank;
import dev.eigenseg.api.bank.ImageEntry;
import dev.eigenseg.api.tensor.DType;
import dev.eigenseg.api.tensor.Tensor;
import dev.eigenseg.infer.FeatureScales;
import dev.eigenseg.infer.PsiInput;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/**
 * Owns psi's input for a few whole images, image after image.
 *
 * @param images ordered by their number of patches, so that equal grids stand together
 * @param rows patches of all images
 * @param input float32 {@code [rows, channels]}, scaled
 * @param high the unscaled high features, float32 {@code [rows, channels]}
 */
record Batch(List<ImageEntry> images, long rows, Tensor input, Tensor high)
    implements AutoCloseable {

  /** Neighbouring images with the same number of patches, which pass through psi as one tensor. */
  record Group(long firstRow, int images, int patches) {}

  static Batch read(FeatureBank bank, List<ImageEntry> chosen, FeatureScales scales)
      throws IOException {
    List<ImageEntry> images =
        chosen.stream().sorted(Comparator.comparingInt(ImageEntry::patches)).toList();
    long rows = images.stream().mapToLong(ImageEntry::patches).sum();
    Tensor input = Tensor.allocate(DType.F32, rows, bank.manifest().dims().total());
    Tensor high = null;
    try {
      high = Tensor.allocate(DType.F32, rows, bank.manifest().dims().high());
      long row = 0;
      for (ImageEntry image : images) {
        try (PatchFeatures features = bank.features(image)) {
          PsiInput.concat(features, scales, input.slice(row, image.patches()));
          high.slice(row, image.patches()).segment().copyFrom(features.high().segment());
        }
        row += image.patches();
      }
      return new Batch(images, rows, input, high);
    } catch (IOException | RuntimeException | Error e) {
      input.close();
      if (high != null) {
        high.close();
      }
      throw e;
    }
  }

  List<Group> groups() {
    List<Group> groups = new ArrayList<>();
    long row = 0;
    for (int i = 0; i < images.size(); ) {
      int patches = images.get(i).patches();
      int count = 0;
      while (i < images.size() && images.get(i).patches() == patches) {
        count++;
        i++;
      }
      groups.add(new Group(row, count, patches));
      row += (long) count * patches;
    }
    return groups;
  }

  @Override
  public void close() {
    try (input;
        high) {
      // Both are closed, even if one fails.
    }
  }
}
