package dev.eigenseg.cli.session;

import dev.eigenseg.infer.SegmenterMethod;

/** What methods are called in tables. */
public final class Methods {
  private Methods() {}

  /** The name in tables, as in the paper. */
  public static String label(String method) {
    return SegmenterMethod.find(method).map(Methods::label).orElse(method);
  }

  private static String label(SegmenterMethod method) {
    return switch (method) {
      case NEURAL_EIGENFUNCTIONS -> "Ours";
      case KMEANS_FEATURES -> "K-means";
      case KMEANS_HIDDEN -> "Ours*";
    };
  }
}
