package dev.eigenseg.api.spi;

import dev.eigenseg.api.Progress;
import dev.eigenseg.api.tensor.FeatureRows;
import dev.eigenseg.api.tensor.Tensor;
import java.io.IOException;

/**
 * Finds the k nearest neighbours of every row of a feature matrix among the other rows, by cosine
 * similarity.
 */
public interface KnnEngine {
  /** The name used in options and files, such as {@code "vector"}. */
  String name();

  /** Engines of higher priority are preferred when the user names none. */
  int priority();

  /** Whether this engine can work here; cheap, without side effects. */
  Availability availability();

  /** Whether this engine has such an index. */
  boolean supports(KnnIndex.Kind kind);

  /**
   * Whether this engine searches on a device, {@code "cpu"} or {@code "cuda:0"}. May load its
   * library to count devices.
   *
   * @throws dev.eigenseg.api.UnavailableException if that fails
   */
  default boolean serves(String device) {
    return device.equals("cpu");
  }

  /**
   * What this engine runs on, for people: library, version, threads, devices. May load its library.
   *
   * @throws dev.eigenseg.api.UnavailableException if that fails
   */
  String details();

  /**
   * Predicts the cost of a search.
   *
   * @return predicted seconds and peak bytes, printed before a search starts
   */
  Cost predict(Request request);

  /**
   * Searches. For row i, neighbours stand in falling order of similarity, ties by lower id (an
   * engine that rounds otherwise has other ties); a row never is its own neighbour; a zero row has
   * similarity 0 to all. Rows are complete: k is less than the number of rows.
   *
   * @param request what to search
   * @param ids receives the neighbours' ids, i32 (unsigned), {@code [rows, k]}; borrowed
   * @param similarities receives their cosine similarities, float32, {@code [rows, k]}; borrowed
   * @return the request's index with the numbers that were used
   * @throws dev.eigenseg.api.BadInputException if the memory is too small, or a row holds a value
   *     that is not finite; the message names the row
   */
  KnnIndex search(Request request, Tensor ids, Tensor similarities, Progress progress)
      throws IOException;

  /**
   * A search.
   *
   * @param features the rows
   * @param k neighbours a row, less than the number of rows
   * @param memory bytes that the engine may use beyond the results, heap and off-heap together
   * @param threads worker threads
   * @param index how neighbours are looked for
   * @param device where, {@code "cpu"} or {@code "cuda:0"}
   */
  record Request(
      FeatureRows features, int k, long memory, int threads, KnnIndex index, String device) {
    /** A search on the CPU. */
    public Request(FeatureRows features, int k, long memory, int threads, KnnIndex index) {
      this(features, k, memory, threads, index, "cpu");
    }

    /** An exact search on the CPU. */
    public Request(FeatureRows features, int k, long memory, int threads) {
      this(features, k, memory, threads, KnnIndex.EXACT);
    }

    /**
     * Refuses numbers of neighbours, rows and threads with which there is nothing to search.
     *
     * @throws IllegalArgumentException naming them
     */
    public void check() {
      long rows = features.rows();
      if (k < 1 || k >= rows || rows >= 1L << 32) {
        throw new IllegalArgumentException(
            "k must be at least 1 and less than the number of rows (below 2^32): k = %d, %d rows"
                .formatted(k, rows));
      }
      if (threads < 1) {
        throw new IllegalArgumentException("at least one thread, not " + threads);
      }
    }
  }

  /** Predicted wall seconds and peak bytes. */
  record Cost(double seconds, long peakBytes) {}
}
