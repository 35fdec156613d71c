package dev.eigenseg.infer.vit;

import dev.eigenseg.api.internal.file.SafeTensors;
import dev.eigenseg.api.internal.kernel.VectorMath;
import dev.eigenseg.api.tensor.DType;
import dev.eigenseg.api.tensor.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

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
    Tensor tensor = checkpoint.tensor(name);
    return tensor.dtype() == DType.F32 ? tensor : read(name);
  }

  /** A copy. */
  Tensor read(String name) {
    Tensor source = checkpoint.tensor(name);
    long size = source.size();
    MemorySegment floats = arena.allocate(Math.max(1, size * Float.BYTES), 64);
    widen(source, floats);
    SafeTensors.release(source.segment());
    return Tensor.borrow(floats, DType.F32, source.shape());
  }

  private static void widen(Tensor source, MemorySegment target) {
    long size = source.size();
    switch (source.dtype()) {
      case F32 -> MemorySegment.copy(source.segment(), 0, target, 0, size * Float.BYTES);
      case F16 -> VectorMath.best().f16ToF32(source.segment(), 0, target, 0, size);
      case BF16 -> widenBrainFloats(source.segment(), size, target);
      default -> throw new IllegalArgumentException(source + " holds no weights");
    }
  }

  private static void widenBrainFloats(MemorySegment source, long size, MemorySegment target) {
    for (long i = 0; i < size; i++) {
      int bits = source.getAtIndex(ValueLayout.JAVA_SHORT, i) << 16;
      target.setAtIndex(ValueLayout.JAVA_INT, i, bits);
    }
  }
}
