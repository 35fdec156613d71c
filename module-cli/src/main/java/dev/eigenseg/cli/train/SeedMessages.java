package dev.eigenseg.cli.train;

import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import dev.eigenseg.cli.session.EpochLog;
import dev.eigenseg.cli.session.Session;
import dev.eigenseg.train.SeedRanking;
import dev.eigenseg.train.TrainingListener;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/** Tells the user what the criterion says of every seed. */
final class SeedMessages implements SeedRanking.Listener {
  private final Session session;
  private final int clusters;
  private final List<TrainingRun> runs;

  /**
   * Messages of a command.
   *
   * @param runs one for each seed, whose logs are written
   */
  SeedMessages(Session session, int clusters, List<TrainingRun> runs) {
    this.session = session;
    this.clusters = clusters;
    this.runs = runs;
  }

  @Override
  public TrainingListener training(long seed) {
    session.say("seed %d of %d to %d".formatted(seed, first(), runs.getLast().seed()));
    Optional<Path> log =
        runs.stream().filter(run -> run.seed() == seed).findFirst().flatMap(TrainingRun::log);
    return new EpochLog(session, clusters, log);
  }

  private long first() {
    return runs.getFirst().seed();
  }

  @Override
  public void ranked(SeedRanking.Ranked ranked) {
    session.say(
        String.format(
            Locale.ROOT,
            "seed %d: criterion %.4f (sum of R_jj %.4f, penalty %.4f)",
            ranked.seed(),
            ranked.criterion().value(),
            ranked.criterion().affinity(),
            ranked.criterion().penalty()));
  }

  /** Says which seed was kept. */
  void kept(SeedRanking.Result result) {
    if (!result.ranking().isEmpty()) {
      session.say("kept seed %d, the largest criterion".formatted(result.kept()));
    }
  }

  /** All seeds, best first. */
  static JsonArray json(SeedRanking.Result result) {
    JsonArray ranking = new JsonArray();
    for (SeedRanking.Ranked ranked : result.ranking()) {
      JsonObject seed = new JsonObject();
      seed.addProperty("seed", ranked.seed());
      seed.addProperty("criterion", ranked.criterion().value());
      seed.addProperty("affinity", ranked.criterion().affinity());
      seed.addProperty("penalty", ranked.criterion().penalty());
      ranking.add(seed);
    }
    return ranking;
  }
}
