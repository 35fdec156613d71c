package dev.eigenseg.train.dataset;

import dev.eigenseg.api.ClassList;
import java.util.List;
import java.util.OptionalInt;

/**
 * A split of a dataset whose classes are built in. Immutable and thread-safe.
 *
 * @param split its name
 * @param meaning what the values in the label files stand for
 * @param samples images and labels
 */
record PublishedDataset(String split, PublishedLabels meaning, List<Sample> samples)
    implements Dataset {
  PublishedDataset {
    samples = List.copyOf(samples);
  }

  @Override
  public String name() {
    return meaning.name();
  }

  @Override
  public ClassList classes() {
    return meaning.classes();
  }

  @Override
  public int voidIndex() {
    return meaning.voidIndex();
  }

  @Override
  public OptionalInt publishedImages() {
    return meaning.images(split);
  }

  @Override
  public LabelMap labels(Sample sample, int width, int height) {
    LabelMap values = LabelMap.read(sample.label());
    values.requireSize(width, height, sample);
    return meaning.indices(values, sample.label());
  }
}
