package dev.eigenseg.train.neuralef;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Activation;
import ai.djl.nn.core.Linear;
import ai.djl.nn.norm.LayerNorm;
import dev.eigenseg.infer.PsiConfig;
import java.util.Map;

/**
 * psi with gradients: the same function as {@link dev.eigenseg.infer.psi.PsiNetwork}, on tensors of
 * a learning engine.
 *
 * <p>Results live in the scope of the input. All functions are pure.
 */
public final class Psi {
  private static final float LAYER_NORM_EPS = 1e-5f;

  private final PsiConfig config;
  private final Map<String, NDArray> weights;

  /** Borrows the weights, under the names of {@link PsiParameters}. */
  public Psi(PsiConfig config, Map<String, NDArray> weights) {
    this.config = config;
    this.weights = weights;
  }

  /**
   * The layer before the head.
   *
   * @param input {@code [images, patches, channels]}; attention does not cross images
   * @return {@code [images, patches, hidden]}
   */
  public NDArray hidden(NDArray input) {
    NDArray x = config.projection() > 0 ? linear(input, "projection") : input;
    for (int i = 0; i < config.blocks(); i++) {
      String block = "blocks." + i;
      x = x.add(attention(norm(x, block + ".norm1"), block + ".attn"));
      x = x.add(mlp(norm(x, block + ".norm2"), block + ".mlp"));
    }
    return norm(x, "norm");
  }

  /** The head on {@link #hidden}: {@code [images, patches, clusters]}. */
  public NDArray head(NDArray hidden) {
    return linear(hidden, "head");
  }

  // Linear attention: the softmax over tokens turns keys into weights of a mean of v, so nothing is
  // quadratic in the tokens.
  private NDArray attention(NDArray x, String name) {
    long images = x.getShape().get(0);
    long tokens = x.getShape().get(1);
    long heads = config.heads();
    long dim = config.headDim();
    NDArray q =
        project(x, name + ".to_q")
            .reshape(images, tokens, heads, dim)
            .softmax(3)
            .mul(Torch.number(x.getManager(), 1 / Math.sqrt(dim)))
            .transpose(0, 2, 1, 3);
    NDArray k = project(x, name + ".to_k").softmax(1).reshape(images, tokens, heads, dim);
    NDArray v =
        project(x, name + ".to_v").reshape(images, tokens, heads, dim).transpose(0, 2, 1, 3);
    NDArray context = k.transpose(0, 2, 3, 1).matMul(v);
    NDArray mixed = q.matMul(context).transpose(0, 2, 1, 3).reshape(images, tokens, heads * dim);
    return linear(mixed, name + ".to_out");
  }

  private NDArray mlp(NDArray x, String name) {
    return linear(Activation.gelu(linear(x, name + ".fc1")), name + ".fc2");
  }

  private NDArray norm(NDArray x, String name) {
    Shape channels = new Shape(x.getShape().getLastDimension());
    return LayerNorm.layerNorm(
            x, channels, weights.get(name + ".weight"), weights.get(name + ".bias"), LAYER_NORM_EPS)
        .singletonOrThrow();
  }

  private NDArray linear(NDArray x, String name) {
    return only(Linear.linear(x, weights.get(name + ".weight"), weights.get(name + ".bias")));
  }

  private NDArray project(NDArray x, String name) {
    return only(Linear.linear(x, weights.get(name + ".weight")));
  }

  private static NDArray only(NDList list) {
    return list.singletonOrThrow();
  }
}
