package dev.eigenseg.api.internal.image;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;

/**
 * Looks at bytes of which nothing is known yet: what lies behind the end is absent, not an error.
 *
 * @param segment borrowed
 * @param order of numbers
 */
record Bytes(MemorySegment segment, ByteOrder order) {
  private static final ValueLayout.OfShort SHORT = ValueLayout.JAVA_SHORT_UNALIGNED;
  private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT_UNALIGNED;

  static Bytes bigEndian(MemorySegment segment) {
    return new Bytes(segment, ByteOrder.BIG_ENDIAN);
  }

  static Bytes littleEndian(MemorySegment segment) {
    return new Bytes(segment, ByteOrder.LITTLE_ENDIAN);
  }

  long size() {
    return segment.byteSize();
  }

  boolean holds(long at, long length) {
    return at >= 0 && length >= 0 && at <= size() - length;
  }

  boolean isText(long at, String text) {
    return holds(at, text.length()) && text(at, text.length()).equals(text);
  }

  String text(long at, int length) {
    byte[] ascii = slice(at, length).toArray(ValueLayout.JAVA_BYTE);
    return new String(ascii, StandardCharsets.ISO_8859_1);
  }

  int unsignedByte(long at) {
    return Byte.toUnsignedInt(segment.get(ValueLayout.JAVA_BYTE, at));
  }

  int unsignedShort(long at) {
    return Short.toUnsignedInt(segment.get(SHORT.withOrder(order), at));
  }

  long unsignedInt(long at) {
    return Integer.toUnsignedLong(segment.get(INT.withOrder(order), at));
  }

  MemorySegment slice(long at, long length) {
    return segment.asSlice(at, length);
  }
}
