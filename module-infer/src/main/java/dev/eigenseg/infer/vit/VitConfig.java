package dev.eigenseg.infer.vit;

import java.util.LinkedHashMap;
import java.util.Optional;
import java.util.SequencedMap;

/**
 * The shapes of a Vision Transformer and how its weights are used.
 *
 * @param patchSize the side of a patch in pixels
 * @param dim the channels of a token
 * @param depth blocks
 * @param heads of the attention; they divide {@code dim}
 * @param mlp the width of the hidden layer
 * @param gated whether the hidden layer is the product of an activated and a linear half (SwiGLU)
 * @param gridRows rows of the grid that the position embeddings were learned on; 0 with rotary
 *     positions
 * @param gridColumns its columns, likewise
 * @param classToken whether a class token comes first
 * @param distillationToken whether DeiT's distillation token follows it
 * @param registers register tokens after these
 * @param prefixPositions how many of the tokens before the patches have a position embedding, which
 *     come first; registers come last and often have none
 * @param layerScale whether the output of each branch is multiplied by a vector
 * @param normPre whether the tokens are normalised before the first block, as in CLIP
 * @param patchBias whether the embedding of patches has a bias
 * @param qkvBias whether queries, keys and values have one
 * @param eps of every layer norm
 * @param activation of the hidden layer
 * @param normalization of the pixels
 * @param high what the high features are
 * @param positions how position embeddings are fitted to another grid
 * @param rotary positions that turn queries and keys, in place of embeddings
 */
public record VitConfig(
    int patchSize,
    int dim,
    int depth,
    int heads,
    int mlp,
    boolean gated,
    int gridRows,
    int gridColumns,
    boolean classToken,
    boolean distillationToken,
    int registers,
    int prefixPositions,
    boolean layerScale,
    boolean normPre,
    boolean patchBias,
    boolean qkvBias,
    float eps,
    Activation activation,
    PixelNormalization normalization,
    High high,
    Positions positions,
    Optional<Rotary> rotary) {
  /** The name of the tensor with the periods of rotary positions. */
  static final String PERIODS = "rope.periods";

  /** Checks what the shapes of tensors do not ensure. */
  public VitConfig {
    int leastSide = rotary.isPresent() ? 0 : 1;
    if (patchSize < 1
        || depth < 1
        || mlp < 1
        || gridRows < leastSide
        || gridColumns < leastSide
        || registers < 0) {
      throw new IllegalArgumentException(
          "patch %d, depth %d, mlp %d, grid %d x %d, %d registers"
              .formatted(patchSize, depth, mlp, gridRows, gridColumns, registers));
    }
    if (heads < 1 || dim % heads != 0) {
      throw new IllegalArgumentException("%d heads do not divide %d".formatted(heads, dim));
    }
    if (rotary.isPresent() && dim / heads % 4 != 0) {
      throw new IllegalArgumentException(
          "rotary positions need heads of a multiple of 4 channels, not " + dim / heads);
    }
    int prefix = (classToken ? 1 : 0) + (distillationToken ? 1 : 0) + registers;
    if (prefixPositions < 0 || prefixPositions > prefix) {
      throw new IllegalArgumentException(
          "%d positions for %d tokens".formatted(prefixPositions, prefix));
    }
  }

  /**
   * Rotary positions as in DINOv3: the centres of the patches, from -1 to 1 along each side, turn
   * pairs of channels, the first quarter of a head's by the row, the second by the column, each
   * with the channel half a head further.
   *
   * @param theta the base of the periods, which are {@code theta^(4 i / headDim)}
   * @param stored whether the periods are a tensor of the checkpoint instead
   */
  public record Rotary(float theta, boolean stored) {}

  /** The function in the hidden layer. */
  public enum Activation {
    /** x times the normal distribution function, exact. */
    GELU,
    /** x times the logistic function of 1.702 x, as in OpenAI's CLIP. */
    QUICK_GELU,
    /** The GELU's approximation by a hyperbolic tangent, as in SigLIP 2. */
    GELU_TANH,
    /** x times the logistic function of x, as in gated layers. */
    SILU
  }

  /** What the high features are. */
  public enum High {
    /** The tokens after the last layer norm. */
    TOKENS,
    /** The keys of the last block, bias included, heads side by side, without a norm. */
    KEYS
  }

  /** How position embeddings are fitted to another grid. */
  public enum Positions {
    /** Bicubic with antialiasing, as timm does. */
    BICUBIC,
    /** Bicubic without antialiasing, as transformers does for ViT and DINOv2. */
    BICUBIC_ALIASED,
    /**
     * The same with the new grid taken for a tenth of a patch larger, as the repositories of DINO
     * and DINOv2 do.
     */
    BICUBIC_OFFSET,
    /** Bilinear, and only if the number of patches differs, as the paper's code does. */
    BILINEAR
  }

  /** The channels of a head. */
  public int headDim() {
    return dim / heads;
  }

  /** Tokens before those of the patches. */
  public int prefixTokens() {
    return (classToken ? 1 : 0) + (distillationToken ? 1 : 0) + registers;
  }

  /** The block, counted from 0, whose output is the mid features. */
  public int midBlock() {
    return depth / 2;
  }

  /** The shape of every tensor that is used, by its name in timm. */
  public SequencedMap<String, long[]> weightShapes() {
    SequencedMap<String, long[]> shapes = new LinkedHashMap<>();
    shapes.put("patch_embed.proj.weight", new long[] {dim, 3, patchSize, patchSize});
    if (patchBias) {
      shapes.put("patch_embed.proj.bias", new long[] {dim});
    }
    if (rotary.isEmpty()) {
      long positionCount = (long) gridRows * gridColumns + prefixPositions;
      shapes.put("pos_embed", new long[] {1, positionCount, dim});
    } else if (rotary.get().stored()) {
      shapes.put(PERIODS, new long[] {headDim() / 4});
    }
    if (classToken) {
      shapes.put("cls_token", new long[] {1, 1, dim});
    }
    if (distillationToken) {
      shapes.put("dist_token", new long[] {1, 1, dim});
    }
    if (registers > 0) {
      shapes.put("reg_token", new long[] {1, registers, dim});
    }
    if (normPre) {
      putNorm(shapes, "norm_pre");
    }
    for (int i = 0; i < depth; i++) {
      putBlock(shapes, "blocks." + i + ".");
    }
    putNorm(shapes, "norm");
    return shapes;
  }

  private void putBlock(SequencedMap<String, long[]> shapes, String block) {
    putNorm(shapes, block + "norm1");
    shapes.put(block + "attn.qkv.weight", new long[] {3L * dim, dim});
    if (qkvBias) {
      shapes.put(block + "attn.qkv.bias", new long[] {3L * dim});
    }
    putLinear(shapes, block + "attn.proj", dim, dim);
    putNorm(shapes, block + "norm2");
    putLinear(shapes, block + "mlp.fc1", gated ? 2L * mlp : mlp, dim);
    putLinear(shapes, block + "mlp.fc2", dim, mlp);
    if (layerScale) {
      shapes.put(block + "ls1.gamma", new long[] {dim});
      shapes.put(block + "ls2.gamma", new long[] {dim});
    }
  }

  private void putNorm(SequencedMap<String, long[]> shapes, String name) {
    shapes.put(name + ".weight", new long[] {dim});
    shapes.put(name + ".bias", new long[] {dim});
  }

  private static void putLinear(
      SequencedMap<String, long[]> shapes, String name, long out, long in) {
    shapes.put(name + ".weight", new long[] {out, in});
    shapes.put(name + ".bias", new long[] {out});
  }
}
