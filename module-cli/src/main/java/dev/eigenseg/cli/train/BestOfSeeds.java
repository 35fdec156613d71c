package dev.eigenseg.cli.train;

import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import dev.eigenseg.api.IncompatibleException;
import dev.eigenseg.api.bank.FeatureBank;
import dev.eigenseg.cli.session.Session;
import dev.eigenseg.infer.SegmenterFile;
import dev.eigenseg.train.OutputOverlap;
import dev.eigenseg.train.RecordedTraining;
import dev.eigenseg.train.TrainingOptions;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import java.util.function.Function;

/** The one model that is kept of several seeds: that whose eigenfunctions overlap least. */
final class BestOfSeeds {
  private final Path model;
  private final List<TrainingRun> runs;
  private final JsonObject json = new JsonObject();

  /**
   * Chooses nothing yet.
   *
   * @param model the file of the chosen one
   * @param runs the candidates
   */
  BestOfSeeds(Path model, List<TrainingRun> runs) {
    this.model = model;
    this.runs = runs;
  }

  /**
   * Whether the chosen model is there, so that the others were removed.
   *
   * @throws IncompatibleException if a model of other work is there
   */
  boolean isMade(FeatureBank bank, Function<TrainingRun, TrainingOptions> options)
      throws IOException {
    if (!Files.exists(model)) {
      return false;
    }
    RecordedTraining there = RecordedTraining.of(model);
    TrainingRun run =
        runs.stream()
            .filter(candidate -> candidate.seed() == there.provenance().seed())
            .findFirst()
            .orElseThrow(() ->
                new IncompatibleException(
                    "%s was trained with the seed %d, expected one of %d to %d; choose another file or --overwrite"
                        .formatted(
                            model,
                            there.provenance().seed(),
                            runs.getFirst().seed(),
                            runs.getLast().seed())));
    there.requireBank(bank);
    there.requireSettings(options.apply(run));
    describe(run);
    return true;
  }

  /** Compares the trained models, gives the best one its name and removes the others. */
  JsonObject make(Session session, FeatureBank bank) throws IOException {
    TrainingRun best = runs.getFirst();
    double least = Double.POSITIVE_INFINITY;
    JsonArray overlaps = new JsonArray();
    for (TrainingRun run : runs) {
      double overlap = overlap(session, bank, run.model());
      overlaps.add(overlap);
      session.say("seed %d: overlap %.4f".formatted(run.seed(), overlap));
      if (overlap < least) {
        least = overlap;
        best = run;
      }
    }
    Files.move(best.model(), model, StandardCopyOption.ATOMIC_MOVE);
    for (TrainingRun run : runs) {
      Files.deleteIfExists(run.model());
    }
    session.say("kept seed %d as %s".formatted(best.seed(), model));
    describe(best);
    json.add("overlaps", overlaps);
    return json;
  }

  private static double overlap(Session session, FeatureBank bank, Path candidate)
      throws IOException {
    try (SegmenterFile file = SegmenterFile.open(candidate)) {
      return OutputOverlap.of(bank, file.model(), session.threads(), session.progress());
    }
  }

  private void describe(TrainingRun run) {
    json.addProperty("model", model.toString());
    json.addProperty("seed", run.seed());
  }

  /** What was chosen. */
  JsonObject toJson() {
    return json;
  }
}
