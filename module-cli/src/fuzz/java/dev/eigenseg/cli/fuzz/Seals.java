package dev.eigenseg.cli.fuzz;

import com.google.gson.Gson;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Map;
import java.util.zip.CRC32C;

/**
 * Gives changed files checksums that hold, so that what stands behind them is reached. What is too
 * damaged for that stays as it is.
 */
final class Seals {
  private static final int HEADER = 4096;
  private static final int FOOTER = 64;
  private static final int BLOCK = 16 << 20;

  private Seals() {}

  private static int crc(byte[] bytes, long from, long to) {
    CRC32C crc = new CRC32C();
    crc.update(bytes, (int) from, (int) (to - from));
    return (int) crc.getValue();
  }

  private static String hex(String text) {
    byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
    return "%08x".formatted(crc(bytes, 0, bytes.length));
  }

  /** {@code manifest.json}. */
  static byte[] manifest(byte[] content) {
    JsonObject json = JsonParser.parseString(text(content)).getAsJsonObject();
    Gson compact = new Gson();
    json.addProperty(
        "crc32c",
        hex(
            compact.toJson(json.getAsJsonObject("bank"))
                + compact.toJson(json.getAsJsonObject("provenance"))));
    return compact.toJson(json).getBytes(StandardCharsets.UTF_8);
  }

  /** {@code images.tsv}, whose first line has none; the checksum covers the last tab. */
  static byte[] images(byte[] content) {
    return lines(content, 1, true);
  }

  /** A graph's journal. */
  static byte[] journal(byte[] content) {
    return lines(content, 0, false);
  }

  private static byte[] lines(byte[] content, int first, boolean tab) {
    String[] lines = text(content).split("\n", -1);
    for (int i = first; i < lines.length - 1; i++) {
      int end = lines[i].lastIndexOf('\t');
      String covered = lines[i].substring(0, Math.max(0, tab ? end + 1 : end));
      lines[i] = covered + (tab ? "" : "\t") + hex(covered);
    }
    return String.join("\n", lines).getBytes(StandardCharsets.UTF_8);
  }

  /** A file of a bank's level, or any other whose header alone is to be sealed. */
  static byte[] level(byte[] content) {
    byte[] sealed = content.clone();
    buffer(sealed).putInt(HEADER - 4, crc(sealed, 0, HEADER - 4));
    return sealed;
  }

  /** A graph, or a part of one, of less than one block. */
  static byte[] graph(byte[] content) {
    byte[] sealed = level(content);
    ByteBuffer bytes = buffer(sealed);
    long ids = 4 * bytes.getLong(16) * bytes.getLong(24);
    long similarities = HEADER + (ids + FOOTER - 1) / FOOTER * FOOTER;
    int footer = sealed.length - FOOTER;
    long provenance = footer - bytes.getLong(footer);
    long checksums = similarities + ids;
    if (ids > 0 && ids < BLOCK && checksums + 8 <= provenance && provenance < footer) {
      bytes.putInt((int) checksums, crc(sealed, HEADER, HEADER + ids));
      bytes.putInt((int) checksums + 4, crc(sealed, similarities, similarities + ids));
      bytes.putInt(footer + 16, crc(sealed, checksums, provenance));
      bytes.putInt(footer + 20, crc(sealed, provenance, footer));
      bytes.putLong(footer + 8, sealed.length);
    }
    bytes.putInt(sealed.length - 4, crc(sealed, footer, sealed.length - 4));
    return sealed;
  }

  /** Inverted lists. */
  static byte[] lists(byte[] content) {
    ByteBuffer bytes = buffer(content.clone());
    byte[] sealed = bytes.array();
    long rows = bytes.getLong(16);
    long values = (long) bytes.getInt(24) * (bytes.getInt(52) == 1 ? Short.BYTES : Float.BYTES);
    long record = 12 + 4L * bytes.getInt(36) + (values + 3) / 4 * 4;
    long ids = HEADER + 4 * rows;
    long records = (ids + 63) / 64 * 64;
    long end = records + rows * record;
    if (rows > 0 && rows <= sealed.length && record > 12 && end < sealed.length) {
      bytes.putInt(84, crc(sealed, HEADER, ids));
      for (long at = records; at < end; at += record) {
        bytes.putInt((int) at, crc(sealed, at + 4, at + record));
      }
      bytes.putLong(72, sealed.length - end);
      bytes.putInt(80, crc(sealed, end, sealed.length));
    }
    return level(sealed);
  }

  /** A safetensors file whose metadata has checksums. */
  static byte[] tensors(byte[] content) {
    long length = buffer(content).getLong(0);
    int begin = Math.toIntExact(8 + length);
    JsonObject header =
        JsonParser.parseString(new String(content, 8, (int) length, StandardCharsets.UTF_8))
            .getAsJsonObject();
    JsonObject metadata = header.getAsJsonObject("__metadata__");
    JsonObject checksums = new JsonObject();
    for (Map.Entry<String, JsonElement> part : metadata.entrySet()) {
      if (!part.getKey().matches("format|version|crc32c")) {
        checksums.addProperty(part.getKey(), hex(part.getValue().getAsString()));
      }
    }
    for (Map.Entry<String, JsonElement> tensor : header.entrySet()) {
      if (tensor.getValue().getAsJsonObject().get("data_offsets") != null) {
        var offsets = tensor.getValue().getAsJsonObject().getAsJsonArray("data_offsets");
        int from = begin + offsets.get(0).getAsInt();
        int to = begin + offsets.get(1).getAsInt();
        checksums.addProperty(tensor.getKey(), "%08x".formatted(crc(content, from, to)));
      }
    }
    metadata.addProperty("crc32c", checksums.toString());
    String text = new Gson().toJson(header);
    byte[] json = (text + " ".repeat((8 - text.getBytes(StandardCharsets.UTF_8).length % 8) % 8))
        .getBytes(StandardCharsets.UTF_8);
    byte[] sealed = Arrays.copyOf(new byte[0], 8 + json.length + content.length - begin);
    buffer(sealed).putLong(0, json.length);
    System.arraycopy(json, 0, sealed, 8, json.length);
    System.arraycopy(content, begin, sealed, 8 + json.length, content.length - begin);
    return sealed;
  }

  private static ByteBuffer buffer(byte[] bytes) {
    return ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
  }

  private static String text(byte[] content) {
    return new String(content, StandardCharsets.UTF_8);
  }
}
