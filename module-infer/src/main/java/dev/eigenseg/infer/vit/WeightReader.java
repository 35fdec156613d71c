package dev.eigenseg.infer.vit;

import dev.eigenseg.api.tensor.Tensor;
import java.lang.foreign.Arena;

/** Reads the weights of a checkpoint as float32 in memory of an arena. */
record WeightReader(VitCheckpoint checkpoint, Arena arena) {
  boolean has(String name) {
    return checkpoint.contains(name);
  }

  /** A vector or matrix; further axes are joined with the second. */
  Tensor matrix(String name) {
    Tensor tensor = read(name);
    return tensor.rank() <= 2
        ? tensor
        : tensor.reshape(tensor.size(0), tensor.size() / tensor.size(0));
  }

  /** A matrix that is not to be changed: of float32 the mapped one itself. */
  Tensor borrowed(String name) {
    return checkpoint.mapped(name, arena);
  }

  /** A copy. */
  Tensor read(String name) {
    return checkpoint.read(name, arena);
  }
}
