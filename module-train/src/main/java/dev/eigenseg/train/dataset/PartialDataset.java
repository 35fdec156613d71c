package dev.eigenseg.train.dataset;

import dev.eigenseg.api.ClassList;
import java.util.List;
import java.util.stream.IntStream;

/** Some images of a dataset. */
final class PartialDataset implements Dataset {
  private final Dataset whole;
  private final List<Sample> samples;

  PartialDataset(Dataset whole, List<Sample> samples) {
    this.whole = whole;
    this.samples = List.copyOf(samples);
  }

  /** At most that many images of a dataset; the dataset itself if it has no more. */
  static Dataset thinned(Dataset whole, int images) {
    return images >= whole.samples().size()
        ? whole
        : new PartialDataset(whole, thin(whole.samples(), images));
  }

  /** At most that many of a list, spread evenly, in their order. */
  static <T> List<T> thin(List<T> all, int count) {
    int kept = Math.min(count, all.size());
    return IntStream.range(0, kept)
        .mapToObj(i -> all.get((int) ((long) i * all.size() / kept)))
        .toList();
  }

  @Override
  public String name() {
    return whole.name();
  }

  @Override
  public String split() {
    return whole.split();
  }

  @Override
  public ClassList classes() {
    return whole.classes();
  }

  @Override
  public int voidIndex() {
    return whole.voidIndex();
  }

  @Override
  public boolean readsColors() {
    return whole.readsColors();
  }

  @Override
  public List<Sample> samples() {
    return samples;
  }

  @Override
  public LabelMap labels(Sample sample, int width, int height) {
    return whole.labels(sample, width, height);
  }
}
