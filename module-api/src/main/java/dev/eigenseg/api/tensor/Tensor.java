package dev.eigenseg.api.tensor;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * Owns, or borrows, a dense row-major array outside the heap. Sizes are {@code long}; more than 2
 * GiB is normal.
 *
 * <p>A tensor from {@link #allocate} or {@link #of} owns its memory and frees it on {@link
 * #close()}, which is idempotent. Tensors from {@link #borrow}, {@link #slice} and {@link #reshape}
 * are views: closing them does nothing, and they must not be used after their owner was closed (an
 * {@link IllegalStateException} then). Reading is thread-safe; writing is up to the callers.
 */
public final class Tensor implements AutoCloseable {
  private static final long ALIGNMENT = 64;

  private final MemorySegment segment;
  private final DType dtype;
  private final long[] shape;
  private final long size;
  private final Arena owner;
  private final AtomicBoolean closed = new AtomicBoolean();

  private Tensor(MemorySegment segment, DType dtype, long[] shape, Arena owner) {
    this.size = sizeOf(shape);
    long bytes = Math.multiplyExact(size, dtype.bytes());
    if (segment.byteSize() < bytes) {
      throw new IllegalArgumentException(
          "%s%s needs %d bytes, the memory has %d"
              .formatted(dtype, Arrays.toString(shape), bytes, segment.byteSize()));
    }
    if (!segment.isNative()) {
      throw new IllegalArgumentException(
          "tensors live outside the heap; copy arrays with Tensor.of");
    }
    this.segment = segment.asSlice(0, bytes);
    this.dtype = dtype;
    this.shape = shape.clone();
    this.owner = owner;
  }

  private static long sizeOf(long[] shape) {
    long size = 1;
    for (long axis : shape) {
      if (axis < 0) {
        throw new IllegalArgumentException("negative size in " + Arrays.toString(shape));
      }
      size = Math.multiplyExact(size, axis);
    }
    return size;
  }

  /** A zeroed tensor that owns its memory, 64-byte aligned, usable from any thread. */
  @SuppressWarnings("MustBeClosedChecker")
  public static Tensor allocate(DType dtype, long... shape) {
    long bytes = Math.multiplyExact(sizeOf(shape), dtype.bytes());
    Arena arena = Arena.ofShared();
    try {
      return new Tensor(arena.allocate(Math.max(bytes, 1), ALIGNMENT), dtype, shape, arena);
    } catch (RuntimeException | OutOfMemoryError e) {
      arena.close();
      throw e;
    }
  }

  /** An owned float32 copy of an array. */
  public static Tensor of(float[] values, long... shape) {
    if (sizeOf(shape) != values.length) {
      throw new IllegalArgumentException(
          "%d values do not fill %s".formatted(values.length, Arrays.toString(shape)));
    }
    Tensor tensor = allocate(DType.F32, shape);
    MemorySegment.copy(values, 0, tensor.segment, ValueLayout.JAVA_FLOAT, 0, values.length);
    return tensor;
  }

  /** A view of memory that somebody else owns. */
  public static Tensor borrow(MemorySegment segment, DType dtype, long... shape) {
    return new Tensor(segment, dtype, shape, null);
  }

  /** The element type. */
  public DType dtype() {
    return dtype;
  }

  /** A copy of the shape. */
  public long[] shape() {
    return shape.clone();
  }

  /** The number of axes. */
  public int rank() {
    return shape.length;
  }

  /** The size of one axis. */
  public long size(int axis) {
    return shape[axis];
  }

  /** The number of elements. */
  public long size() {
    return size;
  }

  /** The memory, exactly as long as the elements. */
  public MemorySegment segment() {
    if (closed.get()) {
      throw new IllegalStateException(this + " is closed");
    }
    return segment;
  }

  /** A view of {@code count} entries of the first axis. */
  public Tensor slice(long first, long count) {
    if (rank() == 0 || first < 0 || count < 0 || count > shape[0] - first) {
      throw new IndexOutOfBoundsException(
          "entries from %d, %d of them, of %s".formatted(first, count, this));
    }
    long[] sliced = shape.clone();
    sliced[0] = count;
    long stride = shape[0] == 0 ? 0 : segment.byteSize() / shape[0];
    return borrow(segment().asSlice(first * stride, count * stride), dtype, sliced);
  }

  /** A view with another shape of the same size. */
  public Tensor reshape(long... newShape) {
    if (sizeOf(newShape) != size()) {
      throw new IllegalArgumentException(
          "%s does not become %s".formatted(this, Arrays.toString(newShape)));
    }
    return borrow(segment(), dtype, newShape);
  }

  /** One element as a float; float16 and bfloat16 are widened, integers converted. */
  public float get(long index) {
    MemorySegment memory = segment();
    return switch (dtype) {
      case F32 -> memory.getAtIndex(ValueLayout.JAVA_FLOAT, index);
      case F16 -> Float.float16ToFloat(memory.getAtIndex(ValueLayout.JAVA_SHORT, index));
      case BF16 -> Float.intBitsToFloat(memory.getAtIndex(ValueLayout.JAVA_SHORT, index) << 16);
      case I32 -> memory.getAtIndex(ValueLayout.JAVA_INT, index);
      case I64 -> memory.getAtIndex(ValueLayout.JAVA_LONG, index);
      case U8 -> Byte.toUnsignedInt(memory.get(ValueLayout.JAVA_BYTE, index));
    };
  }

  /** One element as a whole number; of integer tensors only. */
  public long getLong(long index) {
    MemorySegment memory = segment();
    return switch (dtype) {
      case I32 -> memory.getAtIndex(ValueLayout.JAVA_INT, index);
      case I64 -> memory.getAtIndex(ValueLayout.JAVA_LONG, index);
      case U8 -> Byte.toUnsignedInt(memory.get(ValueLayout.JAVA_BYTE, index));
      case F32, F16, BF16 -> throw new IllegalArgumentException(this + " holds no integers");
    };
  }

  /** Sets one element of a float32 tensor. */
  public void set(long index, float value) {
    if (dtype != DType.F32) {
      throw new IllegalArgumentException(this + " is not float32");
    }
    segment().setAtIndex(ValueLayout.JAVA_FLOAT, index, value);
  }

  /** All elements on the heap, widened or converted to float. */
  public float[] toFloats() {
    float[] values = new float[Math.toIntExact(size())];
    if (dtype == DType.F32) {
      MemorySegment.copy(segment(), ValueLayout.JAVA_FLOAT, 0, values, 0, values.length);
      return values;
    }
    for (int i = 0; i < values.length; i++) {
      values[i] = get(i);
    }
    return values;
  }

  @Override
  public void close() {
    if (owner == null || !closed.compareAndSet(false, true)) {
      return;
    }
    try {
      owner.close();
    } catch (RuntimeException e) {
      // Somebody works in this memory at the moment: it is not freed, and can be closed later.
      closed.set(false);
      throw e;
    }
  }

  @Override
  public String toString() {
    return "Tensor " + dtype + Arrays.toString(shape);
  }
}
