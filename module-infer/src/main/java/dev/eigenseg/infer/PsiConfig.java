package dev.eigenseg.infer;

import dev.eigenseg.api.Backbone.FeatureDims;
import java.util.LinkedHashMap;
import java.util.SequencedMap;

/**
 * The shape of psi: an optional linear projection of the concatenated features, blocks of linear
 * attention and a two-layer perceptron, a last layer norm (its result is called hidden) and a
 * linear head.
 *
 * @param low channels of the low features
 * @param mid channels of the mid features
 * @param high channels of the high features
 * @param projection the width to which the concatenated features are projected first, or 0 for no
 *     projection
 * @param hidden the width of the blocks: the projection's, or else that of the concatenated
 *     features
 * @param heads attention heads
 * @param headDim channels of one head
 * @param mlp width of the perceptrons
 * @param blocks the number of blocks
 * @param clusters outputs of the head, K
 */
public record PsiConfig(
    int low,
    int mid,
    int high,
    int projection,
    int hidden,
    int heads,
    int headDim,
    int mlp,
    int blocks,
    int clusters) {
  // Far beyond any useful network; keeps a damaged file from asking for the names of two billion
  // tensors.
  private static final int MAX_BLOCKS = 1024;

  /**
   * Checks that all sizes are positive and that the hidden width is the one that follows from the
   * others.
   */
  public PsiConfig {
    long input = (long) low + mid + high;
    if (low < 0 || mid < 0 || high < 0 || input < 1 || input > Integer.MAX_VALUE) {
      throw new IllegalArgumentException(
          "no features: low %d, mid %d, high %d".formatted(low, mid, high));
    }
    if (projection < 0 || blocks < 0 || blocks > MAX_BLOCKS) {
      throw new IllegalArgumentException(
          "projection %d is negative, or blocks %d are not 0 to %d"
              .formatted(projection, blocks, MAX_BLOCKS));
    }
    if (heads < 1
        || headDim < 1
        || (long) heads * headDim > Integer.MAX_VALUE
        || mlp < 1
        || clusters < 1) {
      throw new IllegalArgumentException(
          "heads %d, head-dim %d, mlp %d and clusters %d must be positive and reasonable"
              .formatted(heads, headDim, mlp, clusters));
    }
    long expected = projection > 0 ? projection : input;
    if (hidden != expected) {
      throw new IllegalArgumentException(
          "hidden is %d, expected %d, the width of %s"
              .formatted(hidden, expected, projection > 0 ? "the projection" : "the features"));
    }
  }

  /**
   * A configuration whose hidden width follows from the features and the projection (0 for none).
   */
  public static PsiConfig of(
      FeatureDims dims, int projection, int heads, int headDim, int mlp, int blocks, int clusters) {
    int hidden = projection > 0 ? projection : dims.total();
    return new PsiConfig(
        dims.low(),
        dims.mid(),
        dims.high(),
        projection,
        hidden,
        heads,
        headDim,
        mlp,
        blocks,
        clusters);
  }

  /** The channels of an input row: low, mid and high together. */
  public int inputDim() {
    return low + mid + high;
  }

  /** The channels of queries, keys and values: all heads together. */
  public int attentionDim() {
    return heads * headDim;
  }

  /**
   * The names of psi's weights in a segmenter file and their shapes, in file order; linear weights
   * are {@code [out, in]}.
   */
  public SequencedMap<String, long[]> weightShapes() {
    SequencedMap<String, long[]> shapes = new LinkedHashMap<>();
    if (projection > 0) {
      shapes.put("projection.weight", new long[] {projection, inputDim()});
      shapes.put("projection.bias", new long[] {projection});
    }
    for (int i = 0; i < blocks; i++) {
      String block = "blocks." + i + ".";
      shapes.put(block + "norm1.weight", new long[] {hidden});
      shapes.put(block + "norm1.bias", new long[] {hidden});
      shapes.put(block + "attn.to_q.weight", new long[] {attentionDim(), hidden});
      shapes.put(block + "attn.to_k.weight", new long[] {attentionDim(), hidden});
      shapes.put(block + "attn.to_v.weight", new long[] {attentionDim(), hidden});
      shapes.put(block + "attn.to_out.weight", new long[] {hidden, attentionDim()});
      shapes.put(block + "attn.to_out.bias", new long[] {hidden});
      shapes.put(block + "norm2.weight", new long[] {hidden});
      shapes.put(block + "norm2.bias", new long[] {hidden});
      shapes.put(block + "mlp.fc1.weight", new long[] {mlp, hidden});
      shapes.put(block + "mlp.fc1.bias", new long[] {mlp});
      shapes.put(block + "mlp.fc2.weight", new long[] {hidden, mlp});
      shapes.put(block + "mlp.fc2.bias", new long[] {hidden});
    }
    shapes.put("norm.weight", new long[] {hidden});
    shapes.put("norm.bias", new long[] {hidden});
    shapes.put("head.weight", new long[] {clusters, hidden});
    shapes.put("head.bias", new long[] {clusters});
    return shapes;
  }
}
