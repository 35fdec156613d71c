package dev.eigenseg.api.internal.image;

import java.awt.color.ICC_Profile;
import java.lang.foreign.MemorySegment;
import java.util.Optional;

/** The chunks of a WebP file that are not its pixels. */
final class WebpChunks {
  private static final int FIRST = 12;
  private static final int HEAD = 8; // name and length

  private WebpChunks() {}

  static ImageTags tags(MemorySegment segment) {
    Bytes file = Bytes.littleEndian(segment);
    Orientation orientation = Orientation.UPRIGHT;
    Optional<ICC_Profile> profile = Optional.empty();
    boolean lossy = false;
    long at = FIRST;
    while (file.holds(at, HEAD)) {
      long length = file.unsignedInt(at + 4);
      if (file.holds(at + HEAD, length)) {
        MemorySegment content = file.slice(at + HEAD, length);
        switch (file.text(at, 4)) {
          case "EXIF" -> orientation = ImageTags.exif(content);
          case "ICCP" -> profile = ImageTags.profile(content);
          case "VP8 " -> lossy = true;
          default -> {}
        }
      }
      at += HEAD + length + (length & 1);
    }
    return new ImageTags(ImageKind.WEBP, orientation, profile, lossy, Optional.empty());
  }
}
