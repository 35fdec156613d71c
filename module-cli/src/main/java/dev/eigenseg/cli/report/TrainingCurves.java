package dev.eigenseg.cli.report;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import dev.eigenseg.api.BadInputException;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;

/**
 * What a training log says, by epoch. Immutable.
 *
 * @param epochs in the order of the log
 */
public record TrainingCurves(List<Epoch> epochs) {
  /** One line of the log. */
  record Epoch(int epoch, double loss, double temperature, int clustersUsed) {
    String lossText() {
      return String.format(Locale.ROOT, "%.5f", loss);
    }

    String temperatureText() {
      return String.format(Locale.ROOT, "%.3f", temperature);
    }
  }

  /** Copies the list. */
  public TrainingCurves {
    epochs = List.copyOf(epochs);
  }

  /**
   * Reads the lines of a log.
   *
   * @param log its name, for messages
   * @throws BadInputException if there are none, or if one lacks a number
   */
  public static TrainingCurves of(Path log, List<JsonObject> lines) {
    if (lines.isEmpty()) {
      throw new BadInputException(log + " is empty; 'eigenseg train --log' writes such files");
    }
    return new TrainingCurves(
        lines.stream()
            .map(line ->
                new Epoch(
                    (int) number(log, line, "epoch"),
                    number(log, line, "loss"),
                    number(log, line, "temperature"),
                    (int) number(log, line, "clusters-used")))
            .toList());
  }

  private static double number(Path log, JsonObject line, String name) {
    JsonElement value = line.get(name);
    if (value == null || !value.isJsonPrimitive() || !value.getAsJsonPrimitive().isNumber()) {
      throw new BadInputException(
          "%s is no training log: expected a number \"%s\" in every line, found %s; 'eigenseg train --log' writes such files"
              .formatted(log, name, line));
    }
    return value.getAsDouble();
  }
}
