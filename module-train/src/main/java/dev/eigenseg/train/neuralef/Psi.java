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

  /**
   * Borrows the weights, under the names of {@link PsiParameters}; what is made of them lives in
   * their scope, which should be the input's.
   */
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

  // Linear attention: the softmax over tokens turns keys into weights of a mean, so nothing is
  // quadratic in the tokens. Its products may be taken in any order: q ((k^T v) Wo^T), with v = x
  // Wv^T, is q (((k^T x) Wv^T) Wo^T), where only the first and the last product are over tokens,
  // and neither has the heads apart. An update of 7,280 patches, psi 256 wide, took the processor
  // 5 to 9 % less time with it; with images of fewer tokens than psi is wide it is no gain.
  private NDArray attention(NDArray x, String name) {
    long images = x.getShape().get(0);
    long tokens = x.getShape().get(1);
    long heads = config.heads();
    long dim = config.headDim();
    long all = heads * dim;
    long hidden = config.hidden();
    NDArray q =
        project(x, name + ".to_q")
            .reshape(images, tokens, heads, dim)
            .softmax(3)
            .reshape(images, tokens, all);
    NDArray k = project(x, name + ".to_k").softmax(1);
    NDArray means = k.transpose(0, 2, 1).matMul(x).reshape(images, heads, dim, hidden);
    NDArray values = weights.get(name + ".to_v.weight").reshape(1, heads, dim, hidden);
    NDArray context = means.matMul(values.transpose(0, 1, 3, 2));
    NDArray out =
        weights.get(name + ".to_out.weight").transpose(1, 0).reshape(1, heads, dim, hidden);
    NDArray readings =
        context
            .matMul(out)
            .mul(Torch.number(x.getManager(), 1 / Math.sqrt(dim)))
            .reshape(images, all, hidden);
    return q.matMul(readings).add(weights.get(name + ".to_out.bias"));
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
