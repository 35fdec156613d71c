package dev.eigenseg.train.evaluation;

import dev.eigenseg.api.BadInputException;
import dev.eigenseg.api.ModelInfo;
import dev.eigenseg.api.SegmentOptions;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.SequencedMap;

/**
 * What several models made of one dataset.
 *
 * @param images the images compared, without the skipped ones
 * @param results one for each model, in the order given
 * @param skipped the reason for each image left out, by its name
 * @param seconds the work by stage, {@code "read"}, {@code "extract"}, {@code "segment"} and {@code
 *     "compare"}, each summed over the threads, and {@code "total"}, the time that passed
 */
public record Evaluation(
    long images,
    List<Result> results,
    SequencedMap<String, String> skipped,
    SequencedMap<String, Double> seconds) {
  /** Copies the collections. */
  public Evaluation {
    results = List.copyOf(results);
    skipped = Collections.unmodifiableSequencedMap(new LinkedHashMap<>(skipped));
    seconds = Collections.unmodifiableSequencedMap(new LinkedHashMap<>(seconds));
  }

  /**
   * This, if anything could be used.
   *
   * @throws BadInputException if all images were skipped
   */
  public Evaluation requireSome() {
    if (images == 0) {
      throw new BadInputException(
          "none of the %d images could be used; the first: %s"
              .formatted(skipped.size(), skipped.firstEntry().getValue()));
    }
    return this;
  }

  /**
   * One model's counts.
   *
   * @param name the one it was given
   * @param model what it says of itself
   * @param options how it looked at images
   * @param confusion clusters against classes; void pixels are left out
   */
  public record Result(
      String name, ModelInfo model, SegmentOptions options, ConfusionMatrix confusion) {}
}
