package dev.eigenseg.cli;

import dev.eigenseg.api.Segmenter;
import java.util.List;

/** Closes several models, all of them even if one fails. */
final class Closing {
  private Closing() {}

  static void all(List<Segmenter> segmenters) {
    RuntimeException first = null;
    for (Segmenter segmenter : segmenters) {
      try {
        segmenter.close();
      } catch (RuntimeException e) {
        if (first == null) {
          first = e;
        } else {
          first.addSuppressed(e);
        }
      }
    }
    if (first != null) {
      throw first;
    }
  }
}
