package dev.eigenseg.api.internal.image;

import java.awt.color.ICC_Profile;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.Optional;

/**
 * What a file says beside its pixels, which ImageIO does not tell or tells otherwise for each
 * format.
 *
 * @param kind of the file
 * @param orientation of the stored rows
 * @param profile what its colours mean, if it says
 * @param lossy whether pixels are not quite those that were saved
 * @param bands what a TIFF file's samples are, if it says
 */
public record ImageTags(
    ImageKind kind,
    Orientation orientation,
    Optional<ICC_Profile> profile,
    boolean lossy,
    Optional<TiffBands> bands) {

  /** Looks at a file; nothing of it is kept but the profile. */
  public static ImageTags of(MemorySegment file) {
    ImageKind kind = ImageKind.of(file);
    return switch (kind) {
      case JPEG -> JpegSegments.tags(file);
      case PNG -> PngChunks.tags(file);
      case TIFF -> tiff(Ifd.first(file));
      case WEBP -> WebpChunks.tags(file);
      default -> plain(kind);
    };
  }

  private static ImageTags plain(ImageKind kind) {
    return new ImageTags(kind, Orientation.UPRIGHT, Optional.empty(), false, Optional.empty());
  }

  private static ImageTags tiff(Ifd ifd) {
    TiffBands bands = TiffBands.of(ifd);
    return new ImageTags(
        ImageKind.TIFF,
        ifd.orientation(),
        ifd.content(Ifd.PROFILE).flatMap(ImageTags::profile),
        bands.lossy(),
        Optional.of(bands));
  }

  /** The profile that some bytes are, if they are one. */
  static Optional<ICC_Profile> profile(MemorySegment bytes) {
    return profile(bytes.toArray(ValueLayout.JAVA_BYTE));
  }

  static Optional<ICC_Profile> profile(byte[] bytes) {
    try {
      return Optional.of(ICC_Profile.getInstance(bytes));
    } catch (IllegalArgumentException e) {
      return Optional.empty(); // viewers pass over a damaged profile
    }
  }

  /** EXIF as JPEG and some WebP files have it, behind a name. */
  static Orientation exif(MemorySegment exif) {
    Bytes bytes = Bytes.bigEndian(exif);
    int name = bytes.isText(0, "Exif\0\0") ? 6 : 0;
    return Ifd.first(bytes.slice(name, bytes.size() - name)).orientation();
  }

  /**
   * The samples of a TIFF file.
   *
   * @param photometric how samples mean colours, 2 for RGB
   * @param count of samples a pixel
   * @param extra what those beyond the colours are, as far as the file says: 1 is opacity by which
   *     the colours are multiplied, 2 opacity, 0 unknown
   * @param compression of the pixels
   * @param bits of each sample, as far as the file says it once and as one does; else some that
   *     differ
   * @param preview whether this is a small picture of another one, or of a camera's raw data
   */
  @SuppressWarnings("ArrayRecordComponent") // read in this package alone, and never compared
  public record TiffBands(
      int photometric, int count, long[] extra, int compression, long[] bits, boolean preview) {
    private static final int MULTIPLIED = 1;
    private static final int OPACITY = 2;

    private static final int GRAY_FROM_WHITE = 0;
    private static final int GRAY = 1;
    private static final int RGB = 2;
    private static final int LAB = 8;
    private static final int LAST_LAB = 10; // ICCLab, ITULab
    private static final int[] LOSSY = {6, 7, 34892}; // JPEG, old and new, and in DNG

    private static TiffBands of(Ifd ifd) {
      return new TiffBands(
          (int) ifd.number(Ifd.PHOTOMETRIC, -1),
          (int) ifd.number(Ifd.SAMPLES_PER_PIXEL, 1),
          ifd.numbers(Ifd.EXTRA_SAMPLES),
          (int) ifd.number(Ifd.COMPRESSION, 1),
          ifd.isPlain(Ifd.BITS_PER_SAMPLE)
              ? ifd.numbers(Ifd.BITS_PER_SAMPLE)
              : new long[] {1, Short.SIZE},
          ifd.has(Ifd.DNG_VERSION) || (ifd.number(Ifd.NEW_SUBFILE_TYPE, 0) & 1) != 0);
    }

    private boolean lossy() {
      return Arrays.stream(LOSSY).anyMatch(code -> code == compression);
    }

    /** Whether the numbers are no light at all, but L*a*b*, which the JDK converts wrongly. */
    public boolean lab() {
      return photometric >= LAB && photometric <= LAST_LAB;
    }

    /**
     * The most bytes of the tables from which the JDK's reader takes values, one for all values of
     * each sample, where samples are not all as deep as what they are read to.
     *
     * @param found samples of a pixel that the reader has found
     */
    public long tableBytes(int found) {
      long first = bits.length == 0 ? 1 : bits[0];
      boolean even = Arrays.stream(bits).allMatch(depth -> depth == first);
      if (even && (first == Byte.SIZE || first == Short.SIZE)) {
        return 0;
      }
      long known = Arrays.stream(bits).map(TiffBands::valueBytes).sum();
      return even ? found * valueBytes(first) : Math.max(known, found * valueBytes(Short.SIZE));
    }

    private static long valueBytes(long depth) {
      return (long) Integer.BYTES << Math.clamp(depth, 0, Short.SIZE);
    }

    /** Whether there are more samples than colours, or may be. */
    boolean hasMore() {
      return isGray() ? count > 1 : photometric == RGB && count > 3;
    }

    private boolean isGray() {
      return photometric == GRAY_FROM_WHITE || photometric == GRAY;
    }

    /** Where colours and opacity are. */
    Layout layout() {
      int first = count - extra.length;
      int opacity = -1;
      for (int i = 0; i < extra.length; i++) {
        if (opacity < 0 && (extra[i] == MULTIPLIED || extra[i] == OPACITY)) {
          opacity = first + i;
        }
      }
      int colors = opacity < 0 ? count : count - 1;
      boolean multiplied = opacity >= 0 && extra[opacity - first] == MULTIPLIED;
      // Many programs write what several sensors saw as grey with more samples.
      return new Layout(colors < 3 ? new int[] {0} : new int[] {0, 1, 2}, opacity, multiplied);
    }

    /** How many samples are neither the colours nor opacity. */
    public int unused() {
      if (!hasMore()) {
        return 0;
      }
      Layout layout = layout();
      return count - layout.colors().length - (layout.alpha() >= 0 ? 1 : 0);
    }
  }
}
