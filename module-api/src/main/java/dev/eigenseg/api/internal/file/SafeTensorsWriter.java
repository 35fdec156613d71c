package dev.eigenseg.api.internal.file;

import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import dev.eigenseg.api.tensor.Tensor;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;

/**
 * Writes {@code .safetensors} files, whole or not at all.
 *
 * <p>The data begins at a multiple of 64 bytes. Tensors of wider elements come first and keep their
 * order otherwise, so that each stands at a multiple of its element size although the format allows
 * no gaps.
 */
public final class SafeTensorsWriter {
  private static final int ALIGNMENT = 64;
  private static final long CHUNK = 1 << 24;

  private SafeTensorsWriter() {}

  /**
   * Writes a file.
   *
   * @param file replaced if it exists
   * @param metadata texts by key; no entry is written if it is empty
   * @param tensors borrowed, by name
   * @throws IOException if writing fails; the message names the file, which is then as it was
   *     before
   */
  public static void write(
      Path file, Map<String, String> metadata, SequencedMap<String, Tensor> tensors)
      throws IOException {
    SafeTensors.requireLittleEndian();
    List<Map.Entry<String, Tensor>> ordered =
        tensors.entrySet().stream()
            .sorted(Comparator.comparingInt(e -> -e.getValue().dtype().bytes()))
            .toList();
    byte[] header = header(metadata, ordered);
    if (header.length > SafeTensors.MAX_HEADER_BYTES) {
      throw new IllegalArgumentException(
          "the header of %s would have %d bytes, the format allows %d"
              .formatted(file, header.length, SafeTensors.MAX_HEADER_BYTES));
    }
    AtomicFile.write(
        file,
        channel -> {
          ByteBuffer length = ByteBuffer.allocate(Long.BYTES).order(ByteOrder.LITTLE_ENDIAN);
          ChannelWrites.all(channel, length.putLong(0, header.length));
          ChannelWrites.all(channel, ByteBuffer.wrap(header));
          for (Map.Entry<String, Tensor> entry : ordered) {
            writeFully(channel, entry.getValue().segment());
          }
        });
  }

  private static byte[] header(
      Map<String, String> metadata, List<Map.Entry<String, Tensor>> tensors) {
    JsonObject json = new JsonObject();
    if (!metadata.isEmpty()) {
      JsonObject texts = new JsonObject();
      metadata.forEach(texts::addProperty);
      json.add(SafeTensors.METADATA, texts);
    }
    long offset = 0;
    for (Map.Entry<String, Tensor> entry : tensors) {
      if (json.has(entry.getKey()) || entry.getKey().equals(SafeTensors.METADATA)) {
        throw new IllegalArgumentException("no tensor can be called " + entry.getKey());
      }
      long end = Math.addExact(offset, entry.getValue().segment().byteSize());
      json.add(entry.getKey(), describe(entry.getValue(), offset, end));
      offset = end;
    }
    byte[] text = json.toString().getBytes(StandardCharsets.UTF_8);
    int padding = Math.floorMod(-(Long.BYTES + text.length), ALIGNMENT);
    byte[] padded = Arrays.copyOf(text, text.length + padding);
    Arrays.fill(padded, text.length, padded.length, (byte) ' ');
    return padded;
  }

  private static JsonObject describe(Tensor tensor, long begin, long end) {
    JsonObject json = new JsonObject();
    json.addProperty("dtype", tensor.dtype().name());
    JsonArray shape = new JsonArray();
    for (long axis : tensor.shape()) {
      shape.add(axis);
    }
    json.add("shape", shape);
    JsonArray offsets = new JsonArray();
    offsets.add(begin);
    offsets.add(end);
    json.add("data_offsets", offsets);
    return json;
  }

  private static void writeFully(FileChannel channel, MemorySegment memory) throws IOException {
    for (long offset = 0; offset < memory.byteSize(); offset += CHUNK) {
      long length = Math.min(CHUNK, memory.byteSize() - offset);
      ChannelWrites.all(channel, memory.asSlice(offset, length).asByteBuffer());
    }
  }
}
