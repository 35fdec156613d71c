package dev.eigenseg.train.dataset;

import dev.eigenseg.api.ClassList;
import java.nio.file.Path;
import java.util.List;
import java.util.OptionalInt;

/**
 * One split of a collection of images with ground truth. Immutable and thread-safe; pictures and
 * labels stay on disk until they are asked for. That every image has a label file is checked on
 * opening, before any work begins.
 */
public interface Dataset extends ImageCollection {
  /** The classes of the ground truth, in the order of their indices. */
  ClassList classes();

  /** The label of pixels that nobody judged; no class has this index. */
  int voidIndex();

  /** Whether label files may also be colours, which stand for classes. */
  default boolean readsColors() {
    return false;
  }

  /** The images, never none, in an order that does not change. */
  List<Sample> samples();

  @Override
  default List<Path> images() {
    return samples().stream().map(Sample::image).toList();
  }

  /**
   * How many images this split has as published, if that is known and not checked already: with
   * other images scores cannot be compared with published ones.
   */
  default OptionalInt publishedImages() {
    return OptionalInt.empty();
  }

  /**
   * Reads the labels of one image and checks them against the image and the classes.
   *
   * @param sample one of {@link #samples()}
   * @param width the image's own, in pixels
   * @param height likewise
   * @throws dev.eigenseg.api.BadInputException if the file is no label map, has another size than
   *     the image, or holds an index that is neither a class nor void
   */
  default LabelMap labels(Sample sample, int width, int height) {
    LabelMap labels = LabelMap.read(sample.label());
    labels.requireSize(width, height, sample);
    labels.requireIndices(classes().size(), voidIndex(), sample.label());
    return labels;
  }
}
