package dev.eigenseg.train;

import java.util.Locale;

/** Where the kernel of a training step comes from. */
public enum TrainingMode {
  /** One graph over the whole bank; a step's patches meet the remembered outputs of all others. */
  CROSS_BATCH,
  /** A graph inside each mini-batch of images: the published procedure. */
  IN_BATCH;

  /** The name in options and files, such as {@code "cross-batch"}. */
  public String optionName() {
    return name().toLowerCase(Locale.ROOT).replace('_', '-');
  }
}
