package dev.eigenseg.train;

import dev.eigenseg.api.Backbone.FeatureDims;
import dev.eigenseg.api.PatchFeatures;
import dev.eigenseg.api.bank.ImageEntry;
import dev.eigenseg.api.tensor.Tensor;
import dev.eigenseg.graph.kernel.GridColors;
import dev.eigenseg.infer.FeatureScales;
import dev.eigenseg.infer.psi.PsiInput;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/**
 * Owns psi's input for a few whole images, image after image, in a room of a {@link BatchMemory},
 * where the next batch stands after this is closed.
 *
 * @param parts ordered by their number of patches, so that equal grids stand together
 * @param rows patches of all images
 * @param input float32 {@code [rows, channels]}, scaled
 * @param high the unscaled high features, float32 {@code [rows, channels]}
 * @param colors of the patches, float32 {@code [rows, 3]}
 * @param memory borrowed
 * @param room where all that is
 */
record Batch(
    List<Part> parts,
    long rows,
    Tensor input,
    Tensor high,
    Tensor colors,
    BatchMemory memory,
    BatchMemory.Room room)
    implements AutoCloseable {

  /**
   * What a batch has of one image.
   *
   * @param image as it is in the bank
   * @param gridRows patches from top to bottom, which are those of the bank unless the image was
   *     augmented
   * @param gridColumns patches from left to right
   */
  record Part(ImageEntry image, int gridRows, int gridColumns) {
    int patches() {
      return gridRows * gridColumns;
    }
  }

  /** Neighbouring images with the same number of patches, which pass through psi as one tensor. */
  record Group(long firstRow, int images, int patches) {}

  /** Room for some images, which {@link #put} fills. */
  static Batch allocate(BatchMemory memory, FeatureDims dims, List<Part> chosen) {
    List<Part> parts = chosen.stream().sorted(Comparator.comparingInt(Part::patches)).toList();
    long rows = parts.stream().mapToLong(Part::patches).sum();
    BatchMemory.Room room = memory.take(dims, rows);
    return new Batch(
        parts,
        rows,
        room.input().slice(0, rows),
        room.high().slice(0, rows),
        room.colors().slice(0, rows),
        memory,
        room);
  }

  /**
   * Fills the rows of one image; several threads may fill several images.
   *
   * @param part of the parts
   * @param features of it; borrowed
   * @param patchColors of it, float32 {@code [patches, 3]}; borrowed
   */
  void put(int part, PatchFeatures features, Tensor patchColors, FeatureScales scales) {
    long row = firstRow(part);
    long patches = parts.get(part).patches();
    PsiInput.concat(features, scales, input.slice(row, patches));
    high.slice(row, patches).segment().copyFrom(features.high().segment());
    colors.slice(row, patches).segment().copyFrom(patchColors.segment());
  }

  /** The row of a part's first patch. */
  long firstRow(int part) {
    return parts.subList(0, part).stream().mapToLong(Part::patches).sum();
  }

  /** The colours image by image; they borrow from this. */
  List<GridColors> gridColors() {
    List<GridColors> images = new ArrayList<>();
    long row = 0;
    for (Part part : parts) {
      images.add(
          new GridColors(part.gridRows(), part.gridColumns(), colors.slice(row, part.patches())));
      row += part.patches();
    }
    return images;
  }

  List<Group> groups() {
    List<Group> groups = new ArrayList<>();
    long row = 0;
    for (int i = 0; i < parts.size(); ) {
      int patches = parts.get(i).patches();
      int count = 0;
      while (i < parts.size() && parts.get(i).patches() == patches) {
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
    memory.giveBack(room);
  }
}
