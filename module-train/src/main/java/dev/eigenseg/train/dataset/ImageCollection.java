package dev.eigenseg.train.dataset;

import java.nio.file.Path;
import java.util.List;

/** One split of a collection of images, with or without ground truth. Immutable and thread-safe. */
public interface ImageCollection {
  /** The name under which {@link Datasets} finds this kind of collection. */
  String name();

  /** The name of the split, such as {@code "val"}. */
  String split();

  /** The files of the images, never none, in an order that does not change. */
  List<Path> images();
}
