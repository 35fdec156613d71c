package dev.eigenseg.cli.study;

import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import dev.eigenseg.api.ImageGeometry;
import dev.eigenseg.api.bank.FeatureBank;
import dev.eigenseg.api.spi.KnnEngine;
import dev.eigenseg.api.tensor.FeatureRows;
import dev.eigenseg.cli.session.EpochLog;
import dev.eigenseg.cli.session.InnerCommands;
import dev.eigenseg.cli.session.Json;
import dev.eigenseg.cli.session.Session;
import dev.eigenseg.graph.BankGraph;
import dev.eigenseg.graph.KnnEngines;
import dev.eigenseg.infer.SegmenterMethod;
import dev.eigenseg.train.Augmentation;
import dev.eigenseg.train.TrainingMode;
import dev.eigenseg.train.study.Experiment;
import dev.eigenseg.train.study.Recipe;
import dev.eigenseg.train.study.Study;
import dev.eigenseg.train.study.StudySplit;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * Measures every kind of step with at most two images and extrapolates to a study. The measurements
 * are kept, so that a study that is continued does not repeat them.
 */
final class StudyTrial {
  private static final int IMAGES = 2;
  // The first updates wait for the compiler and libtorch: the third ran at 2,489 patches a second
  // (CamVid, K = 256, two busy cores), the twentieth at 8,066 (K = 64).
  private static final int EPOCHS = 20;
  // Augmented ones extract features each time, which is most of their work.
  private static final int AUGMENTED_EPOCHS = 3;
  private static final long MEMORY = 2L << 30;
  // K-means usually ends before; what a round costs follows from the products of the graph.
  private static final int KMEANS_ROUNDS = 100;

  /**
   * What was measured of one bank.
   *
   * @param extractSeconds an image
   * @param patches an image of the bank
   * @param channels of all levels
   * @param highChannels of the level that graph and K-means read
   * @param patchesPerSecond of training
   * @param patchesOfView an image of a training step
   * @param scoreSeconds an image
   * @param scoreModelSeconds an image and model
   */
  record Rates(
      double extractSeconds,
      double patches,
      int channels,
      int highChannels,
      double patchesPerSecond,
      double patchesOfView,
      double scoreSeconds,
      double scoreModelSeconds) {}

  /** Rows that are only counted. */
  private record PromisedRows(long rows, int dim) implements FeatureRows {
    @Override
    public void read(long firstRow, long count, MemorySegment target) {
      throw new UnsupportedOperationException("rows that are not there yet");
    }
  }

  private final Session session;
  private final InnerCommands commands;
  private final Study study;
  private final StudyPlaces places;

  StudyTrial(Session session, InnerCommands commands, Study study, StudyPlaces places) {
    this.session = session;
    this.commands = commands;
    this.study = study;
    this.places = places;
  }

  /**
   * Estimates the whole study.
   *
   * @param images of each split
   * @param seeds models of each kind
   */
  StudyEstimate estimate(Map<StudySplit, Integer> images, int seeds) throws IOException {
    StudyEstimate estimate = new StudyEstimate();
    Map<String, Rates> rates = new HashMap<>();
    Set<String> banks = new HashSet<>();
    Set<String> graphs = new HashSet<>();
    Set<String> models = new HashSet<>();
    for (Experiment experiment : study.experiments()) {
      Recipe recipe = experiment.recipe();
      Rates measured = rates.get(recipe.bankName());
      if (measured == null) {
        measured = rates(experiment, images);
        rates.put(recipe.bankName(), measured);
      }
      int learn = images.get(recipe.train());
      long rows = Math.max(BankGraph.NEIGHBORS + 1, Math.round(learn * measured.patches()));
      double searching = searching(rows, measured.highChannels());
      if (banks.add(recipe.bankName())) {
        estimate.add("extract", learn * measured.extractSeconds());
        estimate.addBytes(rows * measured.channels() * (recipe.half() ? Short.BYTES : Float.BYTES));
      }
      if (recipe.preset().mode() == TrainingMode.CROSS_BATCH && graphs.add(recipe.bankName())) {
        estimate.add("graph", searching);
      }
      for (SegmenterMethod method : experiment.methods()) {
        if (models.add(recipe.modelName(method))) {
          estimate.add(
              method.usesCentroids() ? "K-means" : "training",
              seeds
                  * (method.usesCentroids()
                      ? searching * 2 * recipe.clusters() * KMEANS_ROUNDS / rows
                      : training(recipe, learn, measured)));
        }
      }
      int scored = experiment.methods().size() * seeds * (experiment.crf() ? 2 : 1);
      estimate.add(
          "scoring",
          images.get(experiment.evaluated())
              * (measured.scoreSeconds() + scored * measured.scoreModelSeconds()));
    }
    return estimate;
  }

  private static double training(Recipe recipe, int learn, Rates measured) {
    int epochs = recipe.epochs().orElse(recipe.preset().epochs());
    return epochs * learn * measured.patchesOfView() / measured.patchesPerSecond();
  }

  // Every pair of rows is multiplied once.
  private double searching(long rows, int channels) {
    return KnnEngines.select("auto")
        .predict(
            new KnnEngine.Request(
                new PromisedRows(rows, channels), BankGraph.NEIGHBORS, MEMORY, session.threads()))
        .seconds();
  }

  private Rates rates(Experiment experiment, Map<StudySplit, Integer> all) throws IOException {
    Path folder =
        Files.createDirectories(
            places.results(study).resolve("trial").resolve(experiment.recipe().bankName()));
    Path file = folder.resolve("rates.json");
    if (Files.exists(file)) {
      return Json.read(file, Rates.class);
    }
    int images =
        all.values().stream().mapToInt(count -> Math.min(count, IMAGES)).min().orElseThrow();
    session.say("\na trial to estimate the time, images of each split: " + images);
    Rates measured = measure(experiment, places.trial(study, folder, images), images);
    Json.write(file, measured);
    return measured;
  }

  private Rates measure(Experiment experiment, StudyPlaces trial, int images) throws IOException {
    Files.createDirectories(trial.models());
    Map<StudySplit, Integer> few = new HashMap<>();
    study.splits().forEach(split -> few.put(split, images));
    StudySteps steps = new StudySteps(trial, few, 1, session.seed());
    Experiment small =
        experiment.withRecipe(experiment.recipe().trial(clusters(experiment), epochs(experiment)));
    JsonObject extraction = new JsonObject();
    for (StudySteps.Step step : steps.making(small)) {
      JsonObject made = run(step, trial);
      if (step.command().equals("extract")) {
        extraction = made;
      }
    }
    JsonObject scoring = run(steps.evaluation(small), trial).getAsJsonObject("seconds");
    double extracting = extraction.getAsJsonObject("seconds").get("extract").getAsDouble();
    double once = scoring.get("read").getAsDouble() + scoring.get("extract").getAsDouble();
    double each = scoring.get("segment").getAsDouble() + scoring.get("compare").getAsDouble();
    double models = steps.models(small).size() * (small.crf() ? 2.0 : 1.0);
    double work = images * (double) Math.min(images, session.threads());
    try (FeatureBank bank = FeatureBank.open(trial.bank(small.recipe()))) {
      double patches = (double) bank.rows() / images;
      return new Rates(
          extracting / images,
          patches,
          bank.manifest().dims().total(),
          bank.manifest().dims().high(),
          patchesPerSecond(small, trial),
          patchesOfView(small.recipe(), patches, bank.manifest().geometry().patchSize()),
          once / work,
          each / work / models);
    }
  }

  // The middle one of those that share a bank.
  private int clusters(Experiment experiment) {
    int[] sorted =
        study.experiments().stream()
            .map(Experiment::recipe)
            .filter(recipe -> recipe.bankName().equals(experiment.recipe().bankName()))
            .mapToInt(Recipe::clusters)
            .sorted()
            .toArray();
    return sorted[sorted.length / 2];
  }

  private static int epochs(Experiment experiment) {
    return experiment.recipe().preset().augmentation().isPresent() ? AUGMENTED_EPOCHS : EPOCHS;
  }

  private JsonObject run(StudySteps.Step step, StudyPlaces trial) throws IOException {
    Path json = trial.output().resolve("last.json");
    List<String> arguments = new ArrayList<>(List.of("--json", json.toString()));
    arguments.addAll(step.arguments());
    commands.runSilently(step.command(), arguments);
    return JsonParser.parseString(Files.readString(json)).getAsJsonObject();
  }

  private double patchesPerSecond(Experiment small, StudyPlaces trial) throws IOException {
    String model = small.recipe().modelName(SegmenterMethod.NEURAL_EIGENFUNCTIONS);
    Path log =
        trial
            .models()
            .resolve(String.format(Locale.ROOT, "%s-seed%d.jsonl", model, session.seed()));
    return EpochLog.read(log).getLast().get("patches-per-second").getAsDouble();
  }

  private static double patchesOfView(Recipe recipe, double patches, int patch) {
    Optional<ImageGeometry.Size> crop = recipe.preset().augmentation().flatMap(Augmentation::crop);
    return crop.map(size -> (double) size.width() * size.height() / (patch * patch))
        .orElse(patches);
  }
}
