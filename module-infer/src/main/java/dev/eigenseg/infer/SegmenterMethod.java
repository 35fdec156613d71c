package dev.eigenseg.infer;

import java.util.Arrays;
import java.util.Locale;
import java.util.Optional;

/** How a segmenter assigns patches to clusters. */
public enum SegmenterMethod {
  /** The largest output of psi. */
  NEURAL_EIGENFUNCTIONS,
  /** The nearest centroid among the high features. */
  KMEANS_FEATURES,
  /** The nearest centroid in psi's hidden representation. */
  KMEANS_HIDDEN;

  /** The name in options and files, such as {@code "kmeans-hidden"}. */
  public String text() {
    return name().toLowerCase(Locale.ROOT).replace('_', '-');
  }

  /** Whether psi is part of the model. */
  public boolean usesPsi() {
    return this != KMEANS_FEATURES;
  }

  /** Whether centroids are part of the model. */
  public boolean usesCentroids() {
    return this != NEURAL_EIGENFUNCTIONS;
  }

  /** The method of that name, if there is one. */
  public static Optional<SegmenterMethod> find(String text) {
    return Arrays.stream(values()).filter(method -> method.text().equals(text)).findFirst();
  }
}
