package dev.eigenseg.cli.bank;

import dev.eigenseg.api.ImageGeometry;
import dev.eigenseg.api.bank.ImageEntry;
import dev.eigenseg.train.Augmentation;
import dev.eigenseg.train.AugmentedView;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.IntStream;

/**
 * The views of each image that a bank holds: the image as it is, then augmented ones.
 *
 * @param count of all views of an image
 * @param augmentation of all but the first
 * @param seed likewise
 */
public record BankViews(int count, Augmentation augmentation, long seed) {
  /** The images as they are alone. */
  public static final BankViews PLAIN = new BankViews(1, Augmentation.DEFAULT, 0);

  /** The numbers of the views, from {@link ImageEntry#PLAIN}. */
  IntStream numbers() {
    return IntStream.range(ImageEntry.PLAIN, ImageEntry.PLAIN + count);
  }

  /** One of the augmented views of an image. */
  public AugmentedView view(
      ImageGeometry geometry, int width, int height, String path, int number) {
    return augmentation.view(geometry, width, height, seed, path, number);
  }

  /** What a bank remembers of them; nothing if it holds the images as they are alone. */
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
