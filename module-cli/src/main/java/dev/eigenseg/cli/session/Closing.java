package dev.eigenseg.cli.session;

import dev.eigenseg.api.Segmenter;
import java.util.List;

/** Closes several models, all of them even if one fails. */
public final class Closing {
  private Closing() {}

  public static void all(List<Segmenter> segmenters) {
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
