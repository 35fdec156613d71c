package dev.eigenseg.api.internal.image;

import java.awt.color.ICC_Profile;
import java.io.ByteArrayOutputStream;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;

/** The segments of a JPEG file before its pixels: EXIF, and a profile in up to 255 parts. */
final class JpegSegments {
  private static final int SCAN = 0xDA;
  private static final int END = 0xD9;
  private static final int APP1 = 0xE1;
  private static final int APP2 = 0xE2;
  private static final String EXIF = "Exif\0\0";
  private static final String PROFILE = "ICC_PROFILE\0";

  private Optional<Orientation> orientation = Optional.empty();
  private final SortedMap<Integer, MemorySegment> profile = new TreeMap<>();
  private int profileParts;

  private JpegSegments() {}

  static ImageTags tags(MemorySegment file) {
    JpegSegments segments = new JpegSegments();
    segments.walk(Bytes.bigEndian(file));
    return new ImageTags(
        ImageKind.JPEG,
        segments.orientation.orElse(Orientation.UPRIGHT),
        segments.profile(),
        true,
        Optional.empty());
  }

  private void walk(Bytes file) {
    long at = 2;
    while (file.holds(at, 4) && file.unsignedByte(at) == 0xFF) {
      int marker = file.unsignedByte(at + 1);
      if (marker == 0xFF) { // filling
        at++;
        continue;
      }
      int length = file.unsignedShort(at + 2);
      if (marker == SCAN || marker == END || length < 2 || !file.holds(at + 2, length)) {
        return;
      }
      take(marker, Bytes.bigEndian(file.slice(at + 4, length - 2)));
      at += 2L + length;
    }
  }

  private void take(int marker, Bytes content) {
    if (marker == APP1 && orientation.isEmpty() && content.isText(0, EXIF)) {
      orientation = Optional.of(ImageTags.exif(content.segment()));
    } else if (marker == APP2 && content.isText(0, PROFILE) && content.holds(PROFILE.length(), 2)) {
      profileParts = content.unsignedByte(PROFILE.length() + 1);
      long start = PROFILE.length() + 2L;
      profile.put(
          content.unsignedByte(PROFILE.length()), content.slice(start, content.size() - start));
    }
  }

  private Optional<ICC_Profile> profile() {
    if (profile.isEmpty() || profile.size() != profileParts) {
      return Optional.empty();
    }
    ByteArrayOutputStream whole = new ByteArrayOutputStream();
    profile.values().forEach(part -> whole.writeBytes(part.toArray(ValueLayout.JAVA_BYTE)));
    return ImageTags.profile(whole.toByteArray());
  }
}
