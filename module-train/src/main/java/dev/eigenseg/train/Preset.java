package dev.eigenseg.train;

import dev.eigenseg.api.BadInputException;
import dev.eigenseg.api.ImageGeometry.Size;
import dev.eigenseg.train.TrainingOptions.Kernel;
import dev.eigenseg.train.TrainingOptions.Network;
import dev.eigenseg.train.TrainingOptions.Schedule;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.stream.Collectors;

/**
 * Settings of training for one dataset.
 *
 * <p>Published for the first three, which are trained in-batch with 256 neighbours and augmented
 * (Deng and Luo 2023, section 4; where the paper says nothing, the commands in the README and the
 * config.yml of its code): K, beta, epochs, crop, and the batch of 16 of Pascal Context and ADE20K.
 * For Cityscapes the paper has "16, or 8 if an out-of-memory error occurs", its README 8. The box
 * in which an image is fitted at factor 1 is that of the paper's config.yml with the image ratios
 * of Segmenter's configurations, from which its loaders come. Learning rate, temperature, alpha and
 * the rest are published as well, and defaults of {@link TrainingOptions} anyway.
 *
 * <p>{@code paper} is what these have in common, for any collection: psi as wide as the features,
 * which are taken as they are, and the larger batches. Images are not augmented, since crop and box
 * are those of a dataset.
 *
 * <p>{@code camvid} is ours alone, for features of a MobileNetV2: the setting of the reference
 * experiment that docs/performance.md starts from, with heads of 64 channels (the default) and
 * scaled inputs.
 *
 * @param name on the command line
 * @param clusters K
 * @param mode where the kernel comes from
 * @param epochs passes over the images
 * @param batchSize images of an update
 * @param neighbors a patch in the graph of a batch, if it is not in proportion to the batch
 * @param projection width of psi, or 0 for that of the features
 * @param scaleInputs whether each level is divided by its standard deviation
 * @param augmentation of the images of every step, if there is one
 */
public record Preset(
    String name,
    int clusters,
    TrainingMode mode,
    int epochs,
    int batchSize,
    OptionalInt neighbors,
    int projection,
    boolean scaleInputs,
    Optional<Augmentation> augmentation) {
  private static final List<Preset> ALL =
      List.of(
          published("pascal-context", 256, 40, 16, 480, new Size(4160, 520)),
          published("cityscapes", 256, 40, 8, 768, new Size(2048, 1024)),
          published("ade20k", 512, 20, 16, 512, new Size(2048, 512)),
          new Preset(
              "paper",
              256,
              TrainingMode.IN_BATCH,
              40,
              16,
              OptionalInt.of(256),
              0,
              false,
              Optional.empty()),
          new Preset(
              "camvid",
              64,
              TrainingMode.CROSS_BATCH,
              16,
              8,
              OptionalInt.empty(),
              256,
              true,
              Optional.empty()));

  private static Preset published(
      String name, int clusters, int epochs, int batchSize, int crop, Size base) {
    return new Preset(
        name,
        clusters,
        TrainingMode.IN_BATCH,
        epochs,
        batchSize,
        OptionalInt.of(256),
        0,
        false,
        Optional.of(Augmentation.DEFAULT.withCrop(new Size(crop, crop)).withBase(base)));
  }

  /** All there are. */
  public static List<Preset> all() {
    return ALL;
  }

  /**
   * Finds one by its name.
   *
   * @throws BadInputException if there is none; the message lists those there are
   */
  public static Preset named(String name) {
    return ALL.stream()
        .filter(preset -> preset.name.equals(name))
        .findFirst()
        .orElseThrow(() ->
            new BadInputException(
                "there is no preset '%s'; expected one of %s"
                    .formatted(
                        name, ALL.stream().map(Preset::name).collect(Collectors.joining(", ")))));
  }

  /** Options with these settings, to be changed further. */
  public TrainingOptions options() {
    Kernel kernel = Kernel.DEFAULT.withMode(mode);
    Schedule schedule = Schedule.DEFAULT.withEpochs(epochs).withBatchSize(batchSize);
    return TrainingOptions.of(clusters)
        .with(Network.DEFAULT.withProjection(projection).withScaleInputs(scaleInputs))
        .with(neighbors.isPresent() ? kernel.withNeighbors(neighbors.getAsInt()) : kernel)
        .with(augmentation.map(schedule::withAugmentation).orElse(schedule));
  }

  /** The regulariser's weight: 0.08 for 256 clusters, and less for more, as everywhere. */
  public double beta() {
    return options().effectiveBeta();
  }

  /** What it sets, as on the command line. */
  @Override
  public String toString() {
    List<String> set = new ArrayList<>();
    set.add("--clusters " + clusters);
    set.add("--mode " + mode.optionName());
    set.add("--epochs " + epochs);
    set.add("--batch-size " + batchSize);
    set.add("--beta " + beta());
    neighbors.ifPresent(value -> set.add("--neighbors " + value));
    if (projection > 0) {
      set.add("--projection " + projection);
    }
    if (scaleInputs) {
      set.add("--scale-inputs");
    }
    augmentation.ifPresent(made -> {
      set.add("--augment");
      made.crop().ifPresent(size -> set.add("--augment-crop " + size));
      made.base().ifPresent(size -> set.add("--augment-base " + size));
    });
    return String.join(" ", set);
  }
}
