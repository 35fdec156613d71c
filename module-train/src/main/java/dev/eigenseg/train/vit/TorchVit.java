package dev.eigenseg.train.vit;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDArrays;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.index.NDIndex;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Activation;
import ai.djl.nn.core.Linear;
import ai.djl.nn.norm.LayerNorm;
import dev.eigenseg.api.tensor.DType;
import dev.eigenseg.api.tensor.Tensor;
import dev.eigenseg.infer.vit.VitCheckpoint;
import dev.eigenseg.infer.vit.VitConfig;
import dev.eigenseg.train.neuralef.Torch;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * A Vision Transformer on tensors of a learning engine: the same function as the {@code vit}
 * backbone of the inference module, without gradients.
 *
 * <p>Results live in the scope of the input. All functions are pure.
 */
public final class TorchVit {
  // x * logistic(1.702 x) is what OpenAI's CLIP was trained with.
  private static final double QUICK_GELU = 1.702;

  private final VitConfig config;
  private final Map<String, NDArray> weights;

  /** Borrows the weights, under timm's names; see {@link #weights}. */
  public TorchVit(VitConfig config, Map<String, NDArray> weights) {
    this.config = config;
    this.weights = weights;
  }

  /**
   * Copies of a checkpoint's weights in a scope, on its device, as float32; the checkpoint is not
   * needed any more.
   */
  public static Map<String, NDArray> weights(NDManager manager, VitCheckpoint checkpoint) {
    Map<String, NDArray> weights = new LinkedHashMap<>();
    for (String name : checkpoint.config().weightShapes().keySet()) {
      if (!name.equals("pos_embed")) { // depends on the grid
        weights.put(name, copy(manager, matrix(checkpoint.tensor(name))));
      }
    }
    return weights;
  }

  // The kernel of the patch embedding as the matrix of a linear layer; others are as they are.
  private static Tensor matrix(Tensor weight) {
    return weight.rank() == 4
        ? weight.reshape(weight.size(0), weight.size(1) * weight.size(2) * weight.size(3))
        : weight;
  }

  private static NDArray copy(NDManager manager, Tensor weight) {
    if (weight.dtype() == DType.F32) {
      return Torch.place(manager, weight);
    }
    try (Tensor widened = Tensor.of(weight.toFloats(), weight.shape())) {
      return Torch.place(manager, widened);
    }
  }

  /**
   * Tokens of the patches at three depths, each {@code [images, patches, dim]}, row by row of the
   * grid.
   *
   * @param low after the first block
   * @param mid after the block at half the depth
   * @param high after the last layer norm, or the last block's keys
   */
  public record Levels(NDArray low, NDArray mid, NDArray high) {}

  /**
   * The features of some images of one size.
   *
   * @param images {@code [images, 3, height, width]}, normalised, sides multiples of the patch
   * @param positions the position embeddings of all tokens on this grid, {@code [tokens, dim]}
   */
  public Levels levels(NDArray images, NDArray positions) {
    NDArray x = embed(images, positions);
    NDArray low = x;
    NDArray mid = x;
    for (int i = 0; i < config.depth(); i++) {
      if (i == config.depth() - 1 && i > config.midBlock() && readsKeys()) {
        break; // nothing is read behind the keys
      }
      NDArray before = x;
      x = block(before, i);
      low = i == 0 ? x : low;
      mid = i == config.midBlock() ? x : mid;
      if (readsKeys() && i == config.depth() - 1) {
        x = before; // a network of one block is read before and behind its attention
      }
    }
    NDArray high = readsKeys() ? keys(x) : norm(x, "norm");
    return new Levels(patches(low), patches(mid), patches(high));
  }

  private boolean readsKeys() {
    return config.high() == VitConfig.High.KEYS;
  }

  private NDArray embed(NDArray images, NDArray positions) {
    long count = images.getShape().get(0);
    NDList tokens = new NDList();
    for (String name : new String[] {"cls_token", "dist_token", "reg_token"}) {
      NDArray token = weights.get(name);
      if (token != null) {
        // A view first: what is computed from a weight itself would live as long as the weight.
        tokens.add(
            Torch.view(images.getManager(), token)
                .broadcast(count, token.getShape().get(1), config.dim()));
      }
    }
    tokens.add(linear(pixelsOfPatches(images), "patch_embed.proj"));
    NDArray x = NDArrays.concat(tokens, 1).add(positions);
    return config.normPre() ? norm(x, "norm_pre") : x;
  }

  // For a product of matrices, not a convolution: on a GPU libtorch computes convolutions in TF32
  // by default, but products in float32.
  private NDArray pixelsOfPatches(NDArray images) {
    Shape shape = images.getShape();
    long side = config.patchSize();
    long rows = shape.get(2) / side;
    long columns = shape.get(3) / side;
    return images
        .reshape(shape.get(0), 3, rows, side, columns, side)
        .transpose(0, 2, 4, 1, 3, 5)
        .reshape(shape.get(0), rows * columns, 3 * side * side);
  }

  // Each block has a scope of its own: the attention of one image takes heads * tokens^2 numbers.
  private NDArray block(NDArray x, int index) {
    NDManager outer = x.getManager();
    String block = "blocks." + index;
    try (NDManager scope = outer.newSubManager()) {
      NDArray input = Torch.view(scope, x);
      NDArray mixed = attention(norm(input, block + ".norm1"), block + ".attn");
      NDArray between = input.add(scaled(mixed, block + ".ls1.gamma"));
      NDArray hidden = mlp(norm(between, block + ".norm2"), block + ".mlp");
      NDArray result = between.add(scaled(hidden, block + ".ls2.gamma"));
      result.attach(outer);
      return result;
    }
  }

  private NDArray attention(NDArray x, String name) {
    long images = x.getShape().get(0);
    long tokens = x.getShape().get(1);
    NDArray qkv =
        linear(x, name + ".qkv")
            .reshape(images, tokens, 3, config.heads(), config.headDim())
            .transpose(2, 0, 3, 1, 4);
    NDArray q = qkv.get(0).mul(Torch.number(x.getManager(), 1 / Math.sqrt(config.headDim())));
    NDArray scores = q.matMul(qkv.get(1).transpose(0, 1, 3, 2)).softmax(3);
    NDArray mixed =
        scores.matMul(qkv.get(2)).transpose(0, 2, 1, 3).reshape(images, tokens, config.dim());
    return linear(mixed, name + ".proj");
  }

  private NDArray keys(NDArray x) {
    String block = "blocks." + (config.depth() - 1);
    NDArray qkv = linear(norm(x, block + ".norm1"), block + ".attn.qkv");
    return qkv.get(new NDIndex(":, :, {}:{}", config.dim(), 2L * config.dim()));
  }

  private NDArray mlp(NDArray x, String name) {
    NDArray hidden = linear(x, name + ".fc1");
    NDArray active =
        switch (config.activation()) {
          case GELU -> Activation.gelu(hidden);
          case QUICK_GELU ->
              Activation.sigmoid(hidden.mul(Torch.number(x.getManager(), QUICK_GELU))).mul(hidden);
        };
    return linear(active, name + ".fc2");
  }

  private NDArray scaled(NDArray x, String gamma) {
    return config.layerScale() ? x.mul(weights.get(gamma)) : x;
  }

  private NDArray patches(NDArray tokens) {
    return tokens.get(new NDIndex(":, {}:", config.prefixTokens()));
  }

  private NDArray norm(NDArray x, String name) {
    return only(
        LayerNorm.layerNorm(
            x,
            new Shape(config.dim()),
            weights.get(name + ".weight"),
            weights.get(name + ".bias"),
            config.eps()));
  }

  private NDArray linear(NDArray x, String name) {
    return only(Linear.linear(x, weights.get(name + ".weight"), weights.get(name + ".bias")));
  }

  private static NDArray only(NDList list) {
    return list.singletonOrThrow();
  }
}
