package dev.eigenseg.train;

import dev.eigenseg.api.ImageGeometry;
import dev.eigenseg.api.bank.BankViews;
import java.util.Map;
import java.util.TreeMap;

/**
 * The image as it is, then augmented views of it.
 *
 * @param count of all views of an image
 * @param augmentation of all but the first
 * @param seed likewise
 */
public record AugmentedViews(int count, Augmentation augmentation, long seed) implements BankViews {
  @Override
  public View view(ImageGeometry geometry, int width, int height, String path, int number) {
    return augmentation.view(geometry, width, height, seed, path, number);
  }

  @Override
  public Map<String, String> settings() {
    if (count == 1) {
      return Map.of();
    }
    Map<String, String> settings = new TreeMap<>(augmentation.settings());
    settings.put("views", Integer.toString(count));
    settings.put("seed", Long.toString(seed));
    return settings;
  }
}
