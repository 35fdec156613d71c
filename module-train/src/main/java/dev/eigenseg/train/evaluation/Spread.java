package dev.eigenseg.train.evaluation;

import com.google.gson.JsonObject;
import java.util.OptionalDouble;

/**
 * Mean and spread of a score over repeated trainings, as fractions of one.
 *
 * @param n how many values
 * @param mean their mean
 * @param deviation their sample standard deviation, which divides by n - 1; empty for one value
 */
public record Spread(int n, double mean, OptionalDouble deviation) {
  /**
   * The spread of at least one value.
   *
   * @throws IllegalArgumentException of none
   */
  public static Spread of(double... values) {
    if (values.length == 0) {
      throw new IllegalArgumentException("the spread of no values");
    }
    double sum = 0;
    for (double value : values) {
      sum += value;
    }
    double mean = sum / values.length;
    double squares = 0;
    for (double value : values) {
      squares += (value - mean) * (value - mean);
    }
    return new Spread(
        values.length,
        mean,
        values.length == 1
            ? OptionalDouble.empty()
            : OptionalDouble.of(Math.sqrt(squares / (values.length - 1))));
  }

  /** As JSON, in percent; without {@code std} where there is none. */
  JsonObject toJson() {
    JsonObject json = new JsonObject();
    json.addProperty("mean", 100 * mean);
    deviation.ifPresent(std -> json.addProperty("std", 100 * std));
    return json;
  }
}
