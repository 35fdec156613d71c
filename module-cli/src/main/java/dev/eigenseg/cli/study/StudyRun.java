package dev.eigenseg.cli.study;

import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import dev.eigenseg.api.ImageGeometry;
import dev.eigenseg.api.internal.file.AtomicFile;
import dev.eigenseg.api.internal.file.Hashes;
import dev.eigenseg.cli.session.InnerCommands;
import dev.eigenseg.cli.session.Json;
import dev.eigenseg.cli.session.Session;
import dev.eigenseg.train.dataset.GeneratedScenes;
import dev.eigenseg.train.study.Experiment;
import dev.eigenseg.train.study.Study;
import dev.eigenseg.train.study.StudySplit;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Carries out a study: looks for its inputs, estimates the time, takes every step that is not done
 * yet, and writes the results after each experiment.
 */
final class StudyRun {
  private static final int SCENES_TO_LEARN = 80;
  private static final int SCENES_TO_SCORE = 20;
  private static final ImageGeometry.Size SCENE = new ImageGeometry.Size(320, 240);
  private static final String KEY = "made-from";

  private final Session session;
  private final InnerCommands commands;
  private final Study study;
  private final StudyPlaces places;
  private final int seeds;

  StudyRun(Session session, InnerCommands commands, Study study, StudyPlaces places, int seeds) {
    this.session = session;
    this.commands = commands;
    this.study = study;
    this.places = places;
    this.seeds = seeds;
  }

  /** Looks, estimates, and lists the steps. */
  JsonObject plan() throws IOException {
    StudySteps steps = prepare();
    Set<StudySteps.Step> listed = new HashSet<>();
    JsonArray json = new JsonArray();
    for (Experiment experiment : study.experiments()) {
      List<StudySteps.Step> all = new ArrayList<>(steps.making(experiment));
      all.add(steps.evaluation(experiment));
      for (StudySteps.Step step : all) {
        if (listed.add(step)) {
          session.result("$ " + step);
          json.add(step.toString());
        }
      }
    }
    JsonObject plan = new JsonObject();
    plan.addProperty("study", study.name());
    plan.add("steps", json);
    return plan;
  }

  /** Does the work. */
  JsonObject run() throws IOException {
    StudySteps steps = prepare();
    StudyResults results = new StudyResults(study, places.limit(), seeds);
    Set<StudySteps.Step> taken = new HashSet<>();
    for (Experiment experiment : study.experiments()) {
      for (StudySteps.Step step : steps.making(experiment)) {
        if (taken.add(step)) {
          commands.run(step.command(), step.arguments());
        }
      }
      results.add(experiment, evaluation(experiment, steps));
      results.write(places.results(study));
    }
    session.result(results.text());
    session.say("wrote " + places.results(study).resolve("results.md") + " and results.json");
    JsonObject json = results.toJson();
    json.add("seconds", session.stages().toJson());
    return json;
  }

  private StudySteps prepare() throws IOException {
    session.say(study.title());
    if (study.splits().stream().anyMatch(split -> split.dataset().equals(StudySplit.SCENES))) {
      session.stage("scenes", this::scenes);
    }
    Map<StudySplit, Integer> images = places.check(study);
    Files.createDirectories(places.models());
    Files.createDirectories(places.results(study));
    new StudySettings(study, places).agree();
    images.forEach((split, count) -> session.say("%s: %d images".formatted(split, count)));
    StudySteps steps = new StudySteps(places, images, seeds, session.seed());
    StudyTrial trial = new StudyTrial(session, commands, study, places);
    session.say(trial.estimate(images, seeds).text());
    return steps;
  }

  private Path scenes() throws IOException {
    Path root = places.root(StudySplit.SCENES).orElseThrow();
    int learn = Math.min(SCENES_TO_LEARN, places.limit().orElse(SCENES_TO_LEARN));
    int score = Math.min(SCENES_TO_SCORE, places.limit().orElse(SCENES_TO_SCORE));
    // Drawn again by every call: the same pictures, in seconds.
    GeneratedScenes.write(
        root, learn, score, SCENE, session.seed(), session.threads(), session.progress());
    return root;
  }

  private JsonObject evaluation(Experiment experiment, StudySteps steps) throws IOException {
    Path folder = Files.createDirectories(places.results(study).resolve("evaluations"));
    Path file = folder.resolve(experiment.name() + ".json");
    StudySteps.Step step = steps.evaluation(experiment);
    String key = key(step, steps.models(experiment));
    if (Files.exists(file)) {
      JsonObject before = JsonParser.parseString(Files.readString(file)).getAsJsonObject();
      if (before.has(KEY) && before.get(KEY).getAsString().equals(key)) {
        return before;
      }
    }
    List<String> arguments = new ArrayList<>(List.of("--json", file.toString()));
    arguments.addAll(step.arguments());
    commands.runSilently(step.command(), arguments);
    JsonObject made = JsonParser.parseString(Files.readString(file)).getAsJsonObject();
    made.addProperty(KEY, key);
    AtomicFile.writeString(file, Json.text(made));
    return made;
  }

  // The models' content, so that scores of models that were trained again are not taken for theirs.
  private static String key(StudySteps.Step step, List<Path> models) throws IOException {
    StringBuilder key = new StringBuilder(step.toString());
    for (Path model : models) {
      key.append(' ').append(Hashes.sha256(model));
    }
    return Hashes.sha256(key.toString());
  }
}
