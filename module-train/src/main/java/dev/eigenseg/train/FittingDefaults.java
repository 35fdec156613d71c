package dev.eigenseg.train;

import dev.eigenseg.api.BadInputException;
import dev.eigenseg.api.bank.FeatureBank;
import dev.eigenseg.api.bank.ImageEntry;
import dev.eigenseg.api.bank.Level;
import dev.eigenseg.graph.BankGraph;
import dev.eigenseg.train.TrainingOptions.Network;
import dev.eigenseg.train.TrainingOptions.Schedule;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.SequencedMap;
import java.util.Set;
import java.util.function.UnaryOperator;
import java.util.stream.Collectors;
import java.util.stream.DoubleStream;

/**
 * What one would tell a friend about training on a bank: options that fit its features and its
 * size, each with its reason. What was published is {@link Preset}'s and {@link
 * TrainingOptions#of}'s; on wide features and on few photographs it takes long for nothing, or
 * makes too few updates.
 *
 * @param options to train with, or to change further
 * @param reasons why, by the name of the option
 */
public record FittingDefaults(TrainingOptions options, SequencedMap<String, String> reasons) {
  /**
   * psi's width; more was not better on the features of ViT-S and MobileNetV2, and takes longer.
   */
  private static final int WIDTH = 256;

  // An update should see enough patches for its kernel, and not so many that there are few updates.
  private static final int PATCHES_OF_BATCH = 3000;
  private static final int LEAST_BATCH = 4;
  private static final int MOST_BATCH = 16;

  private static final int LEAST_UPDATES = 200;
  private static final int LEAST_EPOCHS = 8;
  private static final int MOST_UPDATES = 6000;

  private static final int PATCHES_OF_CLUSTER = 30;
  private static final int CLUSTERS_OF_IMAGE = 4;

  /** Copies the reasons. */
  public FittingDefaults {
    reasons = new LinkedHashMap<>(reasons);
  }

  /**
   * Options for a bank.
   *
   * @param bank borrowed
   * @param clusters K
   * @param batchSize images of an update, if the user knows; epochs depend on it
   */
  public static FittingDefaults of(FeatureBank bank, int clusters, OptionalInt batchSize) {
    SequencedMap<String, String> reasons = new LinkedHashMap<>();
    int images = bank.images().size();
    Network network = network(bank, reasons);
    int batch = batchSize.orElseGet(() -> batch(bank, reasons));
    Schedule schedule =
        Schedule.DEFAULT
            .withBatchSize(batch)
            .withEpochs(epochs(images, Math.max(1, images / batch), reasons));
    int neighbors = BankGraph.neighborsFor(bank.rows());
    reasons.put(
        "neighbors",
        String.format(Locale.ROOT, "%d neighbours: %,d patches", neighbors, bank.rows()));
    return new FittingDefaults(TrainingOptions.of(clusters).with(network).with(schedule), reasons);
  }

  /**
   * The same with the training mode that fits: across batches, as its kernel sees what all images
   * have in common; in batches where images are augmented, since the bank's graph does not know
   * their views, and where the memory is too small for psi's outputs of all patches.
   *
   * @param bank borrowed
   * @param chosen makes options of these defaults by what the user chose beside them
   * @param augmented whether images are to be augmented
   */
  public FittingDefaults withMode(
      FeatureBank bank, UnaryOperator<TrainingOptions> chosen, boolean augmented) {
    if (augmented) {
      return with(
          TrainingMode.IN_BATCH,
          "mode in-batch: views are drawn for each update, which a graph of the bank does not know");
    }
    TrainingOptions acrossBatches = chosen.apply(in(TrainingMode.CROSS_BATCH));
    // What the machine has just left is no reason: the same command is to do the same again.
    if (acrossBatches.run().memory().isPresent()
        && !fits(() -> TrainingMemory.plan(bank, acrossBatches))
        && fits(
            () -> TrainingMemory.requireInBatch(bank, chosen.apply(in(TrainingMode.IN_BATCH))))) {
      return with(
          TrainingMode.IN_BATCH,
          "mode in-batch: the memory is too small for the graph and psi's outputs of all patches");
    }
    return with(
        TrainingMode.CROSS_BATCH, "mode cross-batch: patches meet those of all other images");
  }

  private static boolean fits(Runnable plan) {
    try {
      plan.run();
      return true;
    } catch (BadInputException e) {
      return false; // if nothing fits, whoever trains says what is needed
    }
  }

  private FittingDefaults with(TrainingMode mode, String reason) {
    SequencedMap<String, String> changed = new LinkedHashMap<>(reasons);
    changed.putFirst("mode", reason);
    if (mode == TrainingMode.IN_BATCH) {
      changed.remove("neighbors"); // of the bank's graph
    }
    return new FittingDefaults(in(mode), changed);
  }

  private TrainingOptions in(TrainingMode mode) {
    return options.with(options.kernel().withMode(mode));
  }

  private static Network network(FeatureBank bank, SequencedMap<String, String> reasons) {
    int channels = bank.manifest().dims().total();
    int projection = channels > WIDTH ? WIDTH : 0;
    reasons.put(
        "projection",
        projection > 0
            ? String.format(
                Locale.ROOT, "projection %d: features have %,d channels", projection, channels)
            : String.format(
                Locale.ROOT, "no projection: features have only %,d channels", channels));
    double[] scales =
        DoubleStream.of(bank.scale(Level.LOW), bank.scale(Level.MID), bank.scale(Level.HIGH))
            .sorted()
            .toArray();
    reasons.put(
        "scale-inputs",
        String.format(
            Locale.ROOT,
            "scaled inputs: deviations of the levels differ %.1f times",
            scales[2] / scales[0]));
    return Network.DEFAULT.withProjection(projection).withScaleInputs(true);
  }

  private static int batch(FeatureBank bank, SequencedMap<String, String> reasons) {
    int images = bank.images().size();
    long patches = Math.max(1, bank.rows() / Math.max(1, images));
    int batch = Math.clamp(Math.ceilDiv(PATCHES_OF_BATCH, patches), LEAST_BATCH, MOST_BATCH);
    int possible = Math.max(1, Math.min(batch, images));
    reasons.put(
        "batch-size",
        String.format(
            Locale.ROOT, "batches of %d: an image has about %,d patches", possible, patches));
    return possible;
  }

  private static int epochs(int images, int updatesPerEpoch, SequencedMap<String, String> reasons) {
    int enough = Math.clamp((long) LEAST_EPOCHS * updatesPerEpoch, LEAST_UPDATES, MOST_UPDATES);
    int epochs = Math.ceilDiv(enough, updatesPerEpoch);
    reasons.put(
        "epochs",
        String.format(
            Locale.ROOT,
            "%d epochs: %,d images make %,d updates an epoch, and %s",
            epochs,
            images,
            updatesPerEpoch,
            enough == LEAST_UPDATES
                ? String.format(Locale.ROOT, "%d are needed at least", LEAST_UPDATES)
                : enough == MOST_UPDATES
                    ? String.format(Locale.ROOT, "%,d are enough", MOST_UPDATES)
                    : "each is to be seen a few times"));
    return epochs;
  }

  /**
   * What to tell somebody who wants more clusters than a bank has things for.
   *
   * @return a sentence, or nothing if the bank is large enough
   */
  public static Optional<String> caution(FeatureBank bank, int clusters) {
    long patches = bank.rows() / clusters;
    int images = (int) bank.images().stream().filter(ImageEntry::plain).count();
    List<String> found = new ArrayList<>();
    if (patches < PATCHES_OF_CLUSTER) {
      found.add(String.format(Locale.ROOT, "%,d patches are %d a cluster", bank.rows(), patches));
    }
    if (clusters > (long) images * CLUSTERS_OF_IMAGE) {
      found.add(String.format(Locale.ROOT, "%d images are few", images));
    }
    if (found.isEmpty()) {
      return Optional.empty();
    }
    long fit =
        Math.max(2, Math.min(bank.rows() / PATCHES_OF_CLUSTER, (long) images * CLUSTERS_OF_IMAGE));
    return Optional.of(
        String.format(
            Locale.ROOT,
            "this collection is small for %d clusters (%s): clusters will be single things rather than "
                + "kinds of things; --clusters %d or more images fit better",
            clusters,
            String.join(", ", found),
            Math.min(fit, clusters)));
  }

  /**
   * The reasons in one line.
   *
   * @param chosen options of the user's own choice, which need none
   */
  public String line(Set<String> chosen) {
    return reasons.entrySet().stream()
        .filter(reason -> !chosen.contains(reason.getKey()))
        .map(Map.Entry::getValue)
        .collect(Collectors.joining("; "));
  }
}
