package dev.eigenseg.train;

import dev.eigenseg.api.tensor.Tensor;
import java.io.IOException;
import java.lang.foreign.MemorySegment;

/**
 * The kernel as a training step sees it: something that multiplies outputs of the batch's patches.
 */
interface StepKernel extends AutoCloseable {
  /**
   * The right side M of the objective.
   *
   * @param outputs the batch's normalised outputs P, float32 {@code [rows, K]}; borrowed
   * @param products receives M, float32 {@code [rows, K]}
   */
  void multiply(Batch batch, Tensor outputs, Tensor products) throws IOException;

  /**
   * Hears the outputs of an update without noise.
   *
   * @param outputs float32 {@code [rows, K]}; borrowed
   * @param update from 1
   */
  void remember(Batch batch, MemorySegment outputs, long update);

  @Override
  void close();
}
