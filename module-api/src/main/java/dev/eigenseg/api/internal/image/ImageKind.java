package dev.eigenseg.api.internal.image;

import java.lang.foreign.MemorySegment;
import java.util.Set;

/** A kind of image file, by its first bytes; the file's name may say another. */
public enum ImageKind {
  JPEG("JPEG"),
  PNG("PNG"),
  GIF("GIF"),
  BMP("BMP"),
  TIFF("TIFF"),
  BIG_TIFF("BigTIFF", "save it as a TIFF of the usual kind, which holds up to 4 GB, or in parts"),
  WEBP(
      "WebP",
      "put the ImageIO plugin com.twelvemonkeys.imageio:imageio-webp and the jars that it needs on the module path "
          + "or the class path (the command line has it), or convert the image to PNG"),
  HEIC(
      "HEIC",
      "convert it to JPEG ('heif-convert IN.heic OUT.jpg' of libheif, 'sips -s format jpeg' on macOS), "
          + "or set the camera to its most compatible format"),
  AVIF("AVIF", "convert it to PNG ('avifdec IN.avif OUT.png' of libavif)"),
  JPEG_2000("JPEG 2000", "convert it to PNG or TIFF ('opj_decompress -i IN.jp2 -o OUT.png')"),
  JPEG_XL("JPEG XL", "convert it to PNG or JPEG ('djxl IN.jxl OUT.png' of libjxl)"),
  PHOTOSHOP("Photoshop's format", "save it as PNG or TIFF"),
  PDF("PDF", "convert its pages to PNG ('pdftoppm -png IN.pdf OUT')"),
  MEDIA("a video or another file of that family", "take its frames as PNG or JPEG"),
  OTHER("", "");

  private static final Set<String> HEIC_BRANDS =
      Set.of("heic", "heix", "hevc", "hevx", "heim", "heis", "hevm", "hevs", "mif1", "msf1");
  private static final Set<String> AVIF_BRANDS = Set.of("avif", "avis");

  private final String title;
  private final String remedy;

  ImageKind(String title) {
    this(title, "");
  }

  ImageKind(String title, String remedy) {
    this.title = title;
    this.remedy = remedy;
  }

  /** What people call it; empty if it is not known. */
  public String title() {
    return title;
  }

  /** What to do where no reader is found for it; empty if that is not known. */
  public String remedy() {
    return remedy;
  }

  /** Looks at the first bytes of a file. */
  public static ImageKind of(MemorySegment file) {
    Bytes bytes = Bytes.bigEndian(file);
    if (bytes.isText(0, "\u00ff\u00d8\u00ff")) {
      return JPEG;
    } else if (bytes.isText(0, "\u0089PNG\r\n\u001a\n")) {
      return PNG;
    } else if (bytes.isText(0, "GIF8")) {
      return GIF;
    } else if (bytes.isText(0, "BM")) {
      return BMP;
    } else if (bytes.isText(0, "II*\0") || bytes.isText(0, "MM\0*")) {
      return TIFF;
    } else if (bytes.isText(0, "II+\0") || bytes.isText(0, "MM\0+")) {
      return BIG_TIFF;
    } else if (bytes.isText(0, "RIFF") && bytes.isText(8, "WEBP")) {
      return WEBP;
    }
    return unread(bytes);
  }

  private static ImageKind unread(Bytes bytes) {
    if (bytes.isText(4, "ftyp")) {
      return media(bytes);
    } else if (bytes.isText(4, "jP  \r\n") || bytes.isText(0, "\u00ffO\u00ffQ")) {
      return JPEG_2000;
    } else if (bytes.isText(4, "JXL \r\n") || bytes.isText(0, "\u00ff\n")) {
      return JPEG_XL;
    } else if (bytes.isText(0, "8BPS")) {
      return PHOTOSHOP;
    } else if (bytes.isText(0, "%PDF")) {
      return PDF;
    }
    return OTHER;
  }

  /**
   * A file of boxes, of which the first names the brands: what it is, then what it can pass for.
   */
  private static ImageKind media(Bytes bytes) {
    long end = Math.min(bytes.unsignedInt(0), bytes.size());
    ImageKind kind = MEDIA;
    for (long at = 8; at + 4 <= end; at += at == 8 ? 8 : 4) { // a version follows the first
      String brand = bytes.text(at, 4);
      if (AVIF_BRANDS.contains(brand)) {
        return AVIF;
      }
      if (HEIC_BRANDS.contains(brand)) {
        kind = HEIC; // AVIF may call itself mif1 first
      }
    }
    return kind;
  }
}
