package dev.eigenseg.train;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.index.NDIndex;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import dev.eigenseg.api.tensor.Tensor;
import dev.eigenseg.graph.kernel.GridColors;
import dev.eigenseg.graph.kernel.PixelGraphOptions;
import dev.eigenseg.train.neuralef.Torch;
import java.lang.foreign.MemorySegment;

/**
 * The in-batch kernel as published: dense similarities, top-k and dense products in libtorch. For
 * comparison only.
 */
final class PublishedKernel implements StepKernel {
  private final TrainingOptions options;
  private final NDManager manager;

  PublishedKernel(TrainingOptions options) {
    this.options = options;
    this.manager = Torch.engine(options.run().threads()).newBaseManager();
  }

  @Override
  public void multiply(Batch batch, Tensor outputs, Tensor products) {
    try (NDManager scope = manager.newSubManager()) {
      NDArray kernel =
          normalized(features(scope, batch))
              .add(normalized(pixels(scope, batch)).mul(options.kernel().pixelWeight()));
      NDArray result = kernel.matMul(Torch.share(scope, outputs.segment(), outputs.shape()));
      products.segment().copyFrom(Torch.bytes(result));
    }
  }

  private NDArray features(NDManager scope, Batch batch) {
    long rows = batch.rows();
    NDArray high = Torch.share(scope, batch.high().segment(), batch.high().shape());
    NDArray unit = high.div(high.norm(new int[] {1}, true));
    NDArray similarities = unit.matMul(unit.transpose());
    similarities.muli(scope.eye((int) rows).neg().add(1));
    NDList nearest = similarities.topK(options.kernel().neighborsFor(rows), 1, true, false);
    NDArray chosen =
        scope.zeros(new Shape(rows, rows)).scatter(nearest.get(1), nearest.get(0).maximum(0), 1);
    return chosen.add(chosen.transpose()).mul(0.5f);
  }

  private NDArray pixels(NDManager scope, Batch batch) {
    NDArray joined = scope.zeros(new Shape(batch.rows(), batch.rows()));
    long row = 0;
    PixelGraphOptions counts = options.kernel().pixelGraph();
    for (GridColors image : batch.gridColors()) {
      NDArray edges =
          near(scope, image, counts.nearWeight(), counts.nearNeighbors())
              .add(near(scope, image, counts.colorWeight(), counts.colorNeighbors()));
      edges = edges.add(edges.transpose()).minimum(1);
      joined.set(
          new NDIndex(
              "%d:%d,%d:%d".formatted(row, row + image.patches(), row, row + image.patches())),
          edges);
      row += image.patches();
    }
    return joined;
  }

  private static NDArray near(NDManager scope, GridColors image, float weight, int count) {
    int patches = image.patches();
    NDArray y =
        scope
            .linspace(0, weight, image.rows())
            .reshape(-1, 1)
            .broadcast(image.rows(), image.columns())
            .reshape(-1, 1);
    NDArray x =
        scope
            .linspace(0, weight, image.columns())
            .reshape(1, -1)
            .broadcast(image.rows(), image.columns())
            .reshape(-1, 1);
    NDArray points =
        Torch.share(scope, image.colors().segment(), image.colors().shape())
            .concat(x, 1)
            .concat(y, 1);
    NDArray squares = points.square().sum(new int[] {1}, true);
    NDArray distances =
        squares
            .add(squares.transpose())
            .sub(points.matMul(points.transpose()).mul(2))
            .add(scope.eye(patches).mul(1e6f));
    NDArray ids = distances.topK(count, 1, false, false).get(1);
    return scope
        .zeros(new Shape(patches, patches))
        .scatter(ids, scope.ones(new Shape(patches, count), DataType.FLOAT32), 1);
  }

  private static NDArray normalized(NDArray adjacency) {
    NDArray roots = adjacency.sum(new int[] {1}, true).maximum(1e-12f).sqrt();
    return adjacency.div(roots).div(roots.transpose());
  }

  @Override
  public void remember(Batch batch, MemorySegment outputs, long update) {
    // Every graph lives for its batch alone.
  }

  @Override
  public void close() {
    manager.close();
  }
}
