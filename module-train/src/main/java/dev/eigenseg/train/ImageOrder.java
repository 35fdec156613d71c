package dev.eigenseg.train;

import dev.eigenseg.api.bank.ImageEntry;
import dev.eigenseg.train.neuralef.Streams;
import java.util.List;
import java.util.stream.IntStream;

/** The random order in which an epoch goes through the images. Not thread-safe. */
final class ImageOrder {
  private final TrainingPlan plan;
  private int[] order = {};
  private int epoch = -1;

  ImageOrder(TrainingPlan plan) {
    this.plan = plan;
  }

  /** The epoch of an update, both from 0. */
  int epoch(long update) {
    return Math.toIntExact(update / plan.updatesPerEpoch());
  }

  /** The images of an update, from 0. */
  List<ImageEntry> images(long update) {
    draw(epoch(update));
    int batchSize = plan.options().schedule().batchSize();
    int first = Math.toIntExact(update % plan.updatesPerEpoch() * batchSize);
    return IntStream.range(first, first + batchSize)
        .mapToObj(i -> plan.images().get(order[i]))
        .toList();
  }

  private void draw(int wanted) {
    if (wanted != epoch) {
      order =
          Streams.permutation(
              Streams.stream(plan.options().run().seed(), Streams.Purpose.ORDER, wanted),
              plan.images().size());
      epoch = wanted;
    }
  }
}
