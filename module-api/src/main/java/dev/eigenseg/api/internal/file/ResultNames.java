package dev.eigenseg.api.internal.file;

import java.io.File;
import java.nio.charset.StandardCharsets;

/**
 * What the files are called that segmentation writes for an image. A name that no file system would
 * take is cut, and carries a hash of the whole name, so that two of them stay apart.
 */
public final class ResultNames {
  /** Whose presence says that a folder holds such results. */
  public static final String RECORD = "images.jsonl";

  /** Says what the indices of the label maps mean. */
  public static final String CLASSES = "classes.json";

  /** Says what made them. */
  public static final String PROVENANCE = "provenance.json";

  /** The folder with copies for FiftyOne. */
  public static final String FIFTYONE = "fiftyone";

  /** The folder with copies as Pascal VOC has them. */
  public static final String VOC = "voc";

  /** The folder with label maps as Cityscapes has them. */
  public static final String CITYSCAPES = "cityscapes";

  // Of Linux and macOS in bytes, of Windows in characters, which are never more.
  private static final int LONGEST = 255;
  private static final String MAP = ".png";
  private static final String OVERLAY_MARK = "-overlay";
  private static final String OVERLAY = OVERLAY_MARK + ".png";
  private static final String MAP_MARK = "~map";
  private static final int HASH_DIGITS = 16;

  private ResultNames() {}

  /**
   * The label map: NAME.png, or NAME~map.png for an image whose own name is that of an overlay, so
   * that {@code a.jpg} and {@code a-overlay.jpg} do not share a file.
   *
   * @param stem the image's name without its ending, with the folders below the one that was named
   */
  public static String map(String stem) {
    boolean taken = stem.endsWith(OVERLAY_MARK) || stem.endsWith(MAP_MARK);
    return fitting(stem, taken ? MAP_MARK + MAP : MAP);
  }

  /** The overlay. */
  public static String overlay(String stem) {
    return fitting(stem, OVERLAY);
  }

  private static String fitting(String stem, String ending) {
    int name = stem.lastIndexOf(File.separatorChar) + 1;
    if (bytes(stem.substring(name)) + ending.length() <= LONGEST) {
      return stem + ending;
    }
    String mark = "~" + Hashes.sha256(stem.substring(name)).substring(0, HASH_DIGITS);
    int end = name;
    int left = LONGEST - mark.length() - ending.length();
    while (end < stem.length()) {
      int point = stem.codePointAt(end);
      left -= bytes(Character.toString(point));
      if (left < 0) {
        break;
      }
      end += Character.charCount(point);
    }
    return stem.substring(0, end) + mark + ending;
  }

  private static int bytes(String name) {
    return name.getBytes(StandardCharsets.UTF_8).length;
  }
}
