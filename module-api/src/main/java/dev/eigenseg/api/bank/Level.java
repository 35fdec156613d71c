package dev.eigenseg.api.bank;

import java.util.Locale;

/** What a bank holds for every patch, one file family each. */
public enum Level {
  /** Tokens of the backbone's first block. */
  LOW,
  /** Tokens of the middle block. */
  MID,
  /** Tokens of the last block; the graph reads only these. */
  HIGH,
  /** The inverse L2 norm of the high features, one float32; 0 for a zero row. */
  INVERSE_NORMS,
  /** The image's colour on the patch grid: r, g, b in [0, 1], always float32. */
  PIXELS;

  /** The beginning of this level's file names, such as {@code "inverse-norms"}. */
  public String fileStem() {
    return name().toLowerCase(Locale.ROOT).replace('_', '-');
  }
}
