package dev.eigenseg.train.study;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import dev.eigenseg.api.ImageGeometry.Size;
import dev.eigenseg.infer.SegmenterMethod;
import dev.eigenseg.train.Preset;
import dev.eigenseg.train.evaluation.Protocol;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalInt;

/**
 * A table of Deng and Luo, ICCV 2023: what is run for it, and its numbers, each with the place
 * where it stands. The numbers are those of the paper's text; a cell that it leaves empty has none.
 *
 * @param number from 1 to {@link #LAST}
 */
public record PublishedTable(int number) {
  /** The last table that can be run. Table 9 needs other backbones by CLIP and has no settings. */
  public static final int LAST = 8;

  /**
   * Checks the number.
   *
   * @throws IllegalArgumentException if there is no such table
   */
  public PublishedTable {
    if (number < 1 || number > LAST) {
      throw new IllegalArgumentException(
          "there is no table %d to reproduce; expected 1 to %d".formatted(number, LAST));
    }
  }

  /**
   * The study.
   *
   * @param epochs of all trainings, if not the published number
   */
  public Study study(OptionalInt epochs) {
    JsonObject json = StudyResource.read("table-" + number);
    return new Study(
        "table-" + number,
        json.get("title").getAsString(),
        "published",
        json.get("about").getAsString(),
        json.getAsJsonArray("experiments").asList().stream()
            .map(JsonElement::getAsJsonObject)
            .map(experiment -> experiment(experiment, epochs))
            .toList(),
        scores(json, "others"));
  }

  private static Experiment experiment(JsonObject json, OptionalInt epochs) {
    List<KnownScore> scores = scores(json, "scores");
    return new Experiment(
        json.get("part").getAsString(),
        json.get("label").getAsString(),
        recipe(json, epochs),
        scores.stream().map(score -> SegmenterMethod.find(score.method()).orElseThrow()).toList(),
        StudySplit.parse(json.get("evaluate").getAsString()),
        protocol(json.get("protocol").getAsString()),
        true,
        scores);
  }

  private static Recipe recipe(JsonObject json, OptionalInt epochs) {
    OptionalInt published =
        json.has("epochs") ? OptionalInt.of(json.get("epochs").getAsInt()) : OptionalInt.empty();
    return new Recipe(
        StudySplit.parse(json.get("train").getAsString()),
        StudyBackbone.vit(json.get("weights").getAsString()),
        Optional.ofNullable(json.get("size")).map(JsonElement::getAsString).map(Size::parse),
        true,
        Preset.named(json.get("preset").getAsString()),
        json.get("clusters").getAsInt(),
        epochs.isPresent() ? epochs : published,
        number(json, "pixel-weight"),
        number(json, "beta"));
  }

  private static OptionalDouble number(JsonObject json, String name) {
    return json.has(name)
        ? OptionalDouble.of(json.get(name).getAsDouble())
        : OptionalDouble.empty();
  }

  private static Protocol protocol(String option) {
    return Arrays.stream(Protocol.values())
        .filter(protocol -> protocol.option().equals(option))
        .findFirst()
        .orElseThrow();
  }

  private static List<KnownScore> scores(JsonObject json, String name) {
    return json.getAsJsonArray(name).asList().stream()
        .map(JsonElement::getAsJsonObject)
        .map(StudyResource::score)
        .toList();
  }
}
