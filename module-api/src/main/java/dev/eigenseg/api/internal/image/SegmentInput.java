package dev.eigenseg.api.internal.image;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import javax.imageio.stream.ImageInputStreamImpl;

/**
 * An image's bytes as ImageIO reads them. Unlike ImageIO's own streams it keeps no second copy, in
 * memory or in a file. Borrows the segment.
 */
public final class SegmentInput extends ImageInputStreamImpl {
  private final MemorySegment bytes;

  public SegmentInput(MemorySegment bytes) {
    this.bytes = bytes;
  }

  @Override
  public int read() {
    bitOffset = 0;
    return streamPos < bytes.byteSize()
        ? Byte.toUnsignedInt(bytes.get(ValueLayout.JAVA_BYTE, streamPos++))
        : -1;
  }

  @Override
  public int read(byte[] target, int offset, int length) {
    bitOffset = 0;
    long left = bytes.byteSize() - streamPos;
    if (length > 0 && left <= 0) {
      return -1;
    }
    int count = (int) Math.min(length, left);
    MemorySegment.copy(bytes, ValueLayout.JAVA_BYTE, streamPos, target, offset, count);
    streamPos += count;
    return count;
  }

  @Override
  public long length() {
    return bytes.byteSize();
  }
}
