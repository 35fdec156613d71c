package dev.eigenseg.api.internal.image;

import java.awt.color.ICC_Profile;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Optional;
import java.util.zip.InflaterInputStream;

/** The chunks of a PNG file that are not its pixels. */
final class PngChunks {
  private static final int SIGNATURE = 8;
  private static final int AROUND = 12; // length, name and checksum
  private static final int LARGEST_PROFILE = 16 << 20;
  private static final int TAIL = 1 << 16;

  private final Bytes file;
  private Optional<Orientation> orientation = Optional.empty();
  private Optional<ICC_Profile> profile = Optional.empty();

  private PngChunks(MemorySegment file) {
    this.file = Bytes.bigEndian(file);
  }

  static ImageTags tags(MemorySegment file) {
    PngChunks chunks = new PngChunks(file);
    chunks.walk(SIGNATURE, "IDAT");
    if (chunks.orientation.isEmpty()) {
      chunks.lookBehindPixels();
    }
    return new ImageTags(
        ImageKind.PNG,
        chunks.orientation.orElse(Orientation.UPRIGHT),
        chunks.profile,
        false,
        Optional.empty());
  }

  /** Takes what is in the chunks from here to one of the given name; tells whether there is one. */
  private boolean walk(long from, String until) {
    long at = from;
    while (file.holds(at, AROUND)) {
      long length = file.unsignedInt(at);
      String name = file.text(at + 4, 4);
      if (name.equals(until)) {
        return true;
      }
      if (!file.holds(at, AROUND + length)) {
        return false;
      }
      Bytes content = Bytes.bigEndian(file.slice(at + 8, length));
      switch (name) {
        case "eXIf" -> orientation = Optional.of(ImageTags.exif(content.segment()));
        case "iCCP" -> profile = profile(content);
        default -> {}
      }
      at += AROUND + length;
    }
    return false;
  }

  // EXIF may stand behind the pixels. Walking through their chunks would read the whole file where
  // only its header is asked for; from a chunk near the end others lead to the end.
  private void lookBehindPixels() {
    long start = Math.max(SIGNATURE, file.size() - TAIL);
    String tail = file.text(start, (int) Math.max(0, file.size() - start));
    for (int found = tail.indexOf("eXIf");
        found >= 0 && orientation.isEmpty();
        found = tail.indexOf("eXIf", found + 1)) {
      if (!walk(start + found - 4, "IEND")) {
        orientation = Optional.empty(); // pixels that look like the name
      }
    }
  }

  private static Optional<ICC_Profile> profile(Bytes content) {
    long name = 0;
    while (name < content.size() && content.unsignedByte(name) != 0) {
      name++;
    }
    long start = name + 2; // the end of the name, and the one method there is
    if (start >= content.size()) {
      return Optional.empty();
    }
    byte[] packed = content.slice(start, content.size() - start).toArray(ValueLayout.JAVA_BYTE);
    try (InputStream unpacked = new InflaterInputStream(new ByteArrayInputStream(packed))) {
      return ImageTags.profile(unpacked.readNBytes(LARGEST_PROFILE));
    } catch (IOException e) {
      return Optional.empty(); // as a damaged profile
    }
  }
}
