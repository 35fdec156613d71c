package dev.eigenseg.graph;

import dev.eigenseg.api.Progress;
import dev.eigenseg.api.bank.FeatureRows;
import java.io.IOException;

/** K-means clustering of feature rows. */
public final class KMeans {
  private KMeans() {}

  /**
   * Clusters rows.
   *
   * @param rows the rows; read in chunks
   * @throws dev.eigenseg.api.BadInputException if there are fewer rows than clusters, or a row
   *     holds a value that is not finite
   */
  @SuppressWarnings("DoNotCallSuggester") // its body follows
  public static KMeansResult fit(FeatureRows rows, KMeansOptions options, Progress progress)
      throws IOException {
    throw new UnsupportedOperationException("k-means over " + rows.rows() + " rows");
  }
}
