package dev.eigenseg.train;

import dev.eigenseg.api.BadInputException;
import dev.eigenseg.api.bank.FeatureBank;
import dev.eigenseg.api.bank.ImageEntry;
import dev.eigenseg.infer.PsiConfig;
import java.util.Locale;
import java.util.Map;

/**
 * What psi itself takes while it learns: its weights, their gradients and Adam's moments, and what
 * an update keeps of a batch.
 *
 * @param weights how many numbers psi has
 * @param bytes of all that
 */
record PsiMemory(long weights, long bytes) {
  // Weights, gradients and two moments.
  private static final long STATES = 4;
  // What Adam has beside them while it updates one tensor.
  private static final long LARGEST_TENSORS = 3;
  // Tensors of a patch that autograd keeps in a block, and as many that come and go.
  private static final long HIDDEN_TENSORS = 20;
  private static final long MLP_TENSORS = 4;
  private static final long CLUSTER_TENSORS = 12;
  // What attention makes of an image's keys and the weights, with gradients: heads x hidden each.
  private static final long MEANS_TENSORS = 8;
  // Beyond any machine, and far from the end of a long.
  private static final double ENDLESS = 1e17;

  /**
   * The memory of a run.
   *
   * @throws BadInputException if a tensor of psi would have more numbers than an array holds
   */
  static PsiMemory of(FeatureBank bank, TrainingOptions options) {
    PsiConfig config = options.psi(bank.manifest().dims());
    double weights = 0;
    double largest = 0;
    for (Map.Entry<String, long[]> tensor : config.weightShapes().entrySet()) {
      double size = 1;
      for (long side : tensor.getValue()) {
        size *= side;
      }
      if (size > Integer.MAX_VALUE) {
        throw new BadInputException(
            String.format(
                Locale.ROOT,
                "psi is too large: its tensor %s would have %.0f numbers, at most %d are possible;"
                    + " lower %s",
                tensor.getKey(),
                size,
                Integer.MAX_VALUE,
                widths(config)));
      }
      weights += size;
      largest = Math.max(largest, size);
    }
    double patches =
        bank.images().stream().mapToInt(ImageEntry::patches).max().orElse(0)
            * (double) options.schedule().batchSize();
    double block = HIDDEN_TENSORS * (double) config.hidden() + MLP_TENSORS * (double) config.mlp();
    double activations =
        2.0 * config.inputDim()
            + config.blocks() * block
            + CLUSTER_TENSORS * (double) config.clusters();
    double images =
        options.schedule().batchSize()
            * (double) config.blocks()
            * MEANS_TENSORS
            * config.attentionDim()
            * config.hidden();
    double floats = STATES * weights + LARGEST_TENSORS * largest + patches * activations + images;
    return new PsiMemory((long) weights, (long) Math.min(ENDLESS, floats * Float.BYTES));
  }

  /** What makes psi large, for messages. */
  static String widths(PsiConfig config) {
    return (config.projection() > 0 ? "projection (" + config.projection() + "), " : "")
        + "blocks, mlp, clusters or batch-size";
  }
}
