package dev.eigenseg.api.tensor;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.AsynchronousServerSocketChannel;
import java.nio.channels.AsynchronousSocketChannel;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

final class TensorTest {
  @TempDir Path folder;

  @ParameterizedTest
  @EnumSource(DType.class)
  void freshTensorsAreZeroAlignedAndExactlyLarge(DType dtype) {
    try (Tensor tensor = Tensor.allocate(dtype, 3, 5)) {
      assertEquals(15, tensor.size());
      assertEquals(15L * dtype.bytes(), tensor.segment().byteSize());
      assertEquals(0, tensor.segment().address() % 64);
      assertArrayEquals(new float[15], tensor.toFloats());
    }
  }

  @Test
  void elementTypesKnowTheirSizes() {
    assertEquals(4, DType.F32.bytes());
    assertEquals(2, DType.BF16.bytes());
    assertEquals(8, DType.I64.bytes());
  }

  @Test
  void emptyTensorsAndScalarsAreTensors() {
    try (Tensor empty = Tensor.allocate(DType.F32, 4, 0, 3);
        Tensor scalar = Tensor.of(new float[] {7})) {
      assertEquals(0, empty.size());
      assertEquals(0, empty.toFloats().length);
      assertEquals(0, empty.slice(1, 2).size());
      assertEquals(0, scalar.rank());
      assertEquals(1, scalar.size());
      assertEquals(7, scalar.get(0));
      assertThrows(IndexOutOfBoundsException.class, () -> scalar.slice(0, 1));
      assertThrows(IndexOutOfBoundsException.class, () -> empty.get(0));
    }
    try (Tensor noRows = Tensor.allocate(DType.F32, 0, 3)) {
      assertEquals(0, noRows.slice(0, 0).size());
    }
  }

  @Test
  void everyElementTypeIsWidened() {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment memory = arena.allocate(16, 8);
      memory.set(ValueLayout.JAVA_SHORT, 0, Float.floatToFloat16(-1.5f));
      assertEquals(-1.5f, Tensor.borrow(memory, DType.F16, 1).get(0));
      memory.set(ValueLayout.JAVA_SHORT, 0, (short) (Float.floatToIntBits(-1.5f) >> 16));
      assertEquals(-1.5f, Tensor.borrow(memory, DType.BF16, 1).get(0));
      memory.set(ValueLayout.JAVA_INT, 0, -3);
      assertEquals(-3, Tensor.borrow(memory, DType.I32, 1).get(0));
      assertEquals(-3, Tensor.borrow(memory, DType.I32, 1).getLong(0));
      memory.set(ValueLayout.JAVA_LONG, 8, 1L << 50);
      assertEquals(1L << 50, Tensor.borrow(memory, DType.I64, 2).getLong(1));
      assertEquals(0x1p50f, Tensor.borrow(memory, DType.I64, 2).get(1));
      memory.set(ValueLayout.JAVA_BYTE, 0, (byte) 255);
      assertEquals(255, Tensor.borrow(memory, DType.U8, 1).get(0));
      assertEquals(255, Tensor.borrow(memory, DType.U8, 1).getLong(0));
      assertThrows(
          IllegalArgumentException.class, () -> Tensor.borrow(memory, DType.F32, 1).getLong(0));
      assertThrows(
          IllegalArgumentException.class, () -> Tensor.borrow(memory, DType.I32, 1).set(0, 1));
    }
  }

  @Test
  void slicesAndShapesAreViews() {
    try (Tensor tensor = Tensor.of(new float[] {0, 1, 2, 3, 4, 5}, 3, 2)) {
      Tensor slice = tensor.slice(1, 2);
      assertArrayEquals(new float[] {2, 3, 4, 5}, slice.toFloats());
      slice.set(0, 20);
      assertEquals(20, tensor.get(2));
      slice.close();
      assertEquals(20, tensor.get(2), "closing a view frees nothing");
      assertArrayEquals(new long[] {6}, tensor.reshape(6).shape());
      assertThrows(IllegalArgumentException.class, () -> tensor.reshape(5));
      assertThrows(IndexOutOfBoundsException.class, () -> tensor.slice(2, 2));
      assertThrows(IndexOutOfBoundsException.class, () -> tensor.slice(-1, 1));
      assertThrows(IndexOutOfBoundsException.class, () -> tensor.slice(0, -1));
      assertThrows(IndexOutOfBoundsException.class, () -> tensor.slice(1, Long.MAX_VALUE));
      assertThrows(IndexOutOfBoundsException.class, () -> tensor.get(6));
      assertThrows(IndexOutOfBoundsException.class, () -> tensor.get(-1));
      long[] shape = tensor.shape();
      shape[0] = 99;
      assertEquals(3, tensor.size(0));
    }
  }

  @Test
  void useAfterCloseIsNamed() {
    Tensor tensor = Tensor.allocate(DType.F32, 2, 3);
    Tensor view = tensor.slice(0, 1);
    tensor.close();
    tensor.close();
    IllegalStateException thrown = assertThrows(IllegalStateException.class, () -> tensor.get(0));
    assertTrue(thrown.getMessage().contains("Tensor F32[2, 3]"), thrown.getMessage());
    assertThrows(IllegalStateException.class, tensor::segment);
    assertThrows(IllegalStateException.class, () -> tensor.slice(0, 1));
    assertThrows(IllegalStateException.class, () -> view.get(0));
  }

  @Test
  void whatIsInUseStaysOpenAndIsClosedLater() throws Exception {
    Tensor tensor = Tensor.allocate(DType.U8, 8);
    try (AsynchronousServerSocketChannel server = AsynchronousServerSocketChannel.open();
        AsynchronousSocketChannel client = AsynchronousSocketChannel.open()) {
      server.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
      client.connect(server.getLocalAddress()).get();
      Future<Integer> reading = client.read(tensor.segment().asByteBuffer());
      assertThrows(IllegalStateException.class, tensor::close);
      assertEquals(0, tensor.get(7));
      server.accept().get().close();
      assertEquals(-1, reading.get());
    }
    tensor.close();
    assertThrows(IllegalStateException.class, tensor::segment);
  }

  @Test
  void wrongMemoryAndShapesAreRefused() {
    MemorySegment heap = MemorySegment.ofArray(new float[4]);
    assertThrows(IllegalArgumentException.class, () -> Tensor.borrow(heap, DType.F32, 4));
    assertThrows(IllegalArgumentException.class, () -> Tensor.allocate(DType.F32, -1));
    assertThrows(IllegalArgumentException.class, () -> Tensor.of(new float[3], 2, 2));
    assertThrows(ArithmeticException.class, () -> Tensor.allocate(DType.U8, 1L << 32, 1L << 32));
    assertThrows(ArithmeticException.class, () -> Tensor.allocate(DType.I64, Long.MAX_VALUE / 4));
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment small = arena.allocate(15);
      assertThrows(IllegalArgumentException.class, () -> Tensor.borrow(small, DType.F32, 4));
    }
  }

  @Test
  void elementsBeyondTwoGibibytesAreReached() throws IOException {
    long rows = 3L << 20;
    Path file = folder.resolve("sparse");
    try (FileChannel channel =
            FileChannel.open(
                file,
                StandardOpenOption.CREATE_NEW,
                StandardOpenOption.SPARSE,
                StandardOpenOption.READ,
                StandardOpenOption.WRITE);
        Arena arena = Arena.ofShared()) {
      channel.write(ByteBuffer.allocate(1), rows * 1024 - 1);
      MemorySegment mapped = channel.map(FileChannel.MapMode.READ_WRITE, 0, rows * 1024, arena);
      try (Tensor tensor = Tensor.borrow(mapped, DType.F32, rows, 256)) {
        long last = tensor.size() - 1;
        assertTrue(last * 4 > Integer.MAX_VALUE);
        tensor.set(last, 7);
        assertEquals(7, tensor.get(last));
        assertEquals(7, tensor.slice(rows - 1, 1).get(255));
        assertEquals(0, tensor.slice(rows - 2, 1).get(255));
        assertThrows(IndexOutOfBoundsException.class, () -> tensor.get(last + 1));
      }
    }
  }
}
