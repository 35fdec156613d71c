package dev.eigenseg.infer.vit;

import java.util.LinkedHashMap;
import java.util.SequencedMap;

/**
 * The shapes of a Vision Transformer and how its weights are used.
 *
 * @param patchSize the side of a patch in pixels
 * @param dim the channels of a token
 * @param depth blocks
 * @param heads of the attention; they divide {@code dim}
 * @param mlp the width of the hidden layer
 * @param gridRows rows of the grid that the position embeddings were learned on
 * @param gridColumns its columns
 * @param classToken whether a class token comes first
 * @param distillationToken whether DeiT's distillation token follows it
 * @param registers register tokens after these
 * @param positionsOfPrefix whether the position embeddings begin with those of the tokens before
 *     the patches
 * @param layerScale whether the output of each branch is multiplied by a vector
 * @param normPre whether the tokens are normalised before the first block, as in CLIP
 * @param patchBias whether the embedding of patches has a bias
 * @param qkvBias whether queries, keys and values have one
 * @param eps of every layer norm
 * @param activation of the hidden layer
 * @param normalization of the pixels
 * @param high what the high features are
 * @param positions how position embeddings are fitted to another grid
 */
public record VitConfig(
    int patchSize,
    int dim,
    int depth,
    int heads,
    int mlp,
    int gridRows,
    int gridColumns,
    boolean classToken,
    boolean distillationToken,
    int registers,
    boolean positionsOfPrefix,
    boolean layerScale,
    boolean normPre,
    boolean patchBias,
    boolean qkvBias,
    float eps,
    Activation activation,
    PixelNormalization normalization,
    High high,
    Positions positions) {
  /** Checks what the shapes of tensors do not ensure. */
  public VitConfig {
    if (patchSize < 1 || depth < 1 || mlp < 1 || gridRows < 1 || gridColumns < 1 || registers < 0) {
      throw new IllegalArgumentException(
          "patch %d, depth %d, mlp %d, grid %d x %d, %d registers"
              .formatted(patchSize, depth, mlp, gridRows, gridColumns, registers));
    }
    if (heads < 1 || dim % heads != 0) {
      throw new IllegalArgumentException("%d heads do not divide %d".formatted(heads, dim));
    }
  }

  /** The function in the hidden layer. */
  public enum Activation {
    /** x times the normal distribution function, exact. */
    GELU,
    /** x times the logistic function of 1.702 x, as in OpenAI's CLIP. */
    QUICK_GELU
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
    long positionCount = (long) gridRows * gridColumns + (positionsOfPrefix ? prefixTokens() : 0);
    shapes.put("pos_embed", new long[] {1, positionCount, dim});
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
    putLinear(shapes, block + "mlp.fc1", mlp, dim);
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
