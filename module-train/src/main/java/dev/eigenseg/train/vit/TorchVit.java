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
import dev.eigenseg.api.tensor.Tensor;
import dev.eigenseg.infer.vit.VitCheckpoint;
import dev.eigenseg.infer.vit.VitConfig;
import dev.eigenseg.train.neuralef.Torch;
import java.lang.foreign.Arena;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;

/**
 * A Vision Transformer on tensors of a learning engine: the same function as the {@code vit}
 * backbone of the inference module, without gradients.
 *
 * <p>Results live in the scope of the input. All functions are pure.
 */
public final class TorchVit {
  // x * logistic(1.702 x) is what OpenAI's CLIP was trained with.
  private static final double QUICK_GELU = 1.702;

  // (1 + tanh u) / 2 is the logistic function of 2 u.
  private static final double GELU_LINEAR = 2 * Math.sqrt(2 / Math.PI);
  private static final double GELU_CUBIC = 0.044715 * GELU_LINEAR;

  /** Tensors that depend on the grid before they are used, see VitPositions. */
  private static final Set<String> ON_GRIDS = Set.of("pos_embed", "rope.periods");

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
      if (!ON_GRIDS.contains(name)) {
        // Shared: kernels that convert weights met no other memory so far, see SimdMath.
        try (Arena arena = Arena.ofShared()) {
          weights.put(name, Torch.place(manager, matrix(checkpoint.read(name, arena))));
        }
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
   * @param positions of all tokens on this grid, as {@code VitPositions.on} gives them
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
      x = block(before, i, positions);
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
    NDArray all = NDArrays.concat(tokens, 1);
    NDArray x = config.rotary().isPresent() ? all : all.add(positions);
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
  private NDArray block(NDArray x, int index, NDArray positions) {
    NDManager outer = x.getManager();
    String block = "blocks." + index;
    try (NDManager scope = outer.newSubManager()) {
      NDArray input = Torch.view(scope, x);
      NDArray mixed = attention(norm(input, block + ".norm1"), block + ".attn", positions);
      NDArray between = input.add(scaled(mixed, block + ".ls1.gamma"));
      NDArray hidden = mlp(norm(between, block + ".norm2"), block + ".mlp");
      NDArray result = between.add(scaled(hidden, block + ".ls2.gamma"));
      result.attach(outer);
      return result;
    }
  }

  private NDArray attention(NDArray x, String name, NDArray positions) {
    long images = x.getShape().get(0);
    long tokens = x.getShape().get(1);
    NDArray qkv =
        linear(x, name + ".qkv")
            .reshape(images, tokens, 3, config.heads(), config.headDim())
            .transpose(2, 0, 3, 1, 4);
    NDArray q = turned(qkv.get(0), positions);
    NDArray k = turned(qkv.get(1), positions);
    NDArray scaled = q.mul(Torch.number(x.getManager(), 1 / Math.sqrt(config.headDim())));
    NDArray scores = scaled.matMul(k.transpose(0, 1, 3, 2)).softmax(3);
    NDArray mixed =
        scores.matMul(qkv.get(2)).transpose(0, 2, 1, 3).reshape(images, tokens, config.dim());
    return linear(mixed, name + ".proj");
  }

  // Queries or keys, [images, heads, tokens, headDim], turned by rotary positions if there are any.
  private NDArray turned(NDArray x, NDArray positions) {
    if (config.rotary().isEmpty()) {
      return x;
    }
    NDArray angles = Torch.view(x.getManager(), positions);
    NDArray cosine = angles.get(0);
    NDArray sine = angles.get(1);
    int half = config.headDim() / 2;
    NDArray first = x.get(new NDIndex(":, :, :, :{}", half));
    NDArray second = x.get(new NDIndex(":, :, :, {}:", half));
    return NDArrays.concat(
        new NDList(
            first.mul(cosine).sub(second.mul(sine)), second.mul(cosine).add(first.mul(sine))),
        3);
  }

  private NDArray keys(NDArray x) {
    String block = "blocks." + (config.depth() - 1);
    NDArray qkv = linear(norm(x, block + ".norm1"), block + ".attn.qkv");
    return qkv.get(new NDIndex(":, :, {}:{}", config.dim(), 2L * config.dim()));
  }

  private NDArray mlp(NDArray x, String name) {
    NDArray hidden = linear(x, name + ".fc1");
    if (!config.gated()) {
      return linear(activated(hidden), name + ".fc2");
    }
    NDArray gate = hidden.get(new NDIndex(":, :, :{}", config.mlp()));
    NDArray straight = hidden.get(new NDIndex(":, :, {}:", config.mlp()));
    return linear(activated(gate).mul(straight), name + ".fc2");
  }

  private NDArray activated(NDArray x) {
    return switch (config.activation()) {
      case GELU -> Activation.gelu(x);
      case QUICK_GELU -> timesLogistic(x, x.mul(number(x, QUICK_GELU)));
      case GELU_TANH ->
          timesLogistic(
              x, x.mul(x.square().mul(number(x, GELU_CUBIC)).add(number(x, GELU_LINEAR))));
      case SILU -> timesLogistic(x, x);
    };
  }

  private static NDArray timesLogistic(NDArray x, NDArray argument) {
    return Activation.sigmoid(argument).mul(x);
  }

  private static NDArray number(NDArray x, double value) {
    return Torch.number(x.getManager(), value);
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
