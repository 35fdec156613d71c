package dev.eigenseg.api.internal.image;

import java.awt.color.ICC_Profile;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.HashSet;
import java.util.Optional;
import java.util.Set;
import java.util.zip.InflaterInputStream;

/** The chunks of a PNG file that are not its pixels. */
final class PngChunks {
  private static final int SIGNATURE = 8;
  private static final int AROUND = 12; // length, name and checksum
  private static final int LARGEST_PROFILE = 16 << 20;
  private static final int TAIL = 1 << 16;

  private final Bytes file;
  private final Set<Long> deadEnds = new HashSet<>(); // chunks that led nowhere
  private Optional<Orientation> orientation = Optional.empty();
  private Optional<ICC_Profile> profile = Optional.empty();
  private boolean profileSeen;

  private PngChunks(MemorySegment file) {
    this.file = Bytes.bigEndian(file);
  }

  static ImageTags tags(MemorySegment file) {
    PngChunks chunks = new PngChunks(file);
    chunks.walkToPixels();
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

  private void walkToPixels() {
    for (long at = SIGNATURE; holdsChunk(at) && !name(at).equals("IDAT"); at = next(at)) {
      switch (name(at)) {
        case "eXIf" -> orientation = Optional.of(ImageTags.exif(content(at).segment()));
        case "iCCP" -> takeProfile(content(at));
        default -> {}
      }
    }
  }

  /** Takes the EXIF of a chunk or of one behind it, if they lead to the file's end. */
  private boolean walkToEnd(long from) {
    long exif = from;
    long at = from;
    // Whatever leads to a dead end is one.
    for (; holdsChunk(at) && !name(at).equals("IEND") && deadEnds.add(at); at = next(at)) {
      exif = name(at).equals("eXIf") ? at : exif;
    }
    if (!file.holds(at, AROUND) || !name(at).equals("IEND")) {
      return false;
    }
    orientation = Optional.of(ImageTags.exif(content(exif).segment()));
    return true;
  }

  private boolean holdsChunk(long at) {
    return file.holds(at, AROUND) && file.holds(at, next(at) - at);
  }

  private String name(long at) {
    return file.text(at + 4, 4);
  }

  private long next(long at) {
    return at + AROUND + file.unsignedInt(at);
  }

  private Bytes content(long at) {
    return Bytes.bigEndian(file.slice(at + 8, file.unsignedInt(at)));
  }

  // EXIF may stand behind the pixels. Walking through their chunks would read the whole file where
  // only its header is asked for; from a chunk near the end others lead to the end.
  private void lookBehindPixels() {
    long start = Math.max(SIGNATURE, file.size() - TAIL);
    String tail = file.text(start, (int) Math.max(0, file.size() - start));
    int found = tail.indexOf("eXIf");
    while (found >= 0 && !walkToEnd(start + found - 4)) { // pixels that look like the name
      found = tail.indexOf("eXIf", found + 1);
    }
  }

  /**
   * The first profile: there is at most one, and a small file may hold many that unpack to much.
   */
  private void takeProfile(Bytes content) {
    if (!profileSeen) {
      profileSeen = true;
      profile = profile(content);
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
