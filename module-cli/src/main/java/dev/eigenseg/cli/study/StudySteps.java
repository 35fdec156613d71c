package dev.eigenseg.cli.study;

import dev.eigenseg.infer.SegmenterMethod;
import dev.eigenseg.train.TrainingMode;
import dev.eigenseg.train.study.Experiment;
import dev.eigenseg.train.study.Recipe;
import dev.eigenseg.train.study.StudySplit;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/** What an experiment is made of, as the commands that a user would type. */
final class StudySteps {
  /**
   * One command.
   *
   * @param command its name
   * @param arguments what follows
   */
  record Step(String command, List<String> arguments) {
    @Override
    public String toString() {
      return "eigenseg " + command + " " + String.join(" ", arguments);
    }
  }

  private final StudyPlaces places;
  private final Map<StudySplit, Integer> images;
  private final int seeds;
  private final long seed;

  StudySteps(StudyPlaces places, Map<StudySplit, Integer> images, int seeds, long seed) {
    this.places = places;
    this.images = images;
    this.seeds = seeds;
    this.seed = seed;
  }

  /** All that comes before the scoring, each step the same for experiments that share it. */
  List<Step> making(Experiment experiment) {
    Recipe recipe = experiment.recipe();
    List<Step> steps = new ArrayList<>(List.of(extract(recipe)));
    List<SegmenterMethod> methods = experiment.methods();
    if (methods.contains(SegmenterMethod.KMEANS_FEATURES)) {
      steps.add(train(recipe, SegmenterMethod.KMEANS_FEATURES, List.of()));
    }
    if (methods.stream().anyMatch(SegmenterMethod::usesPsi)) {
      if (recipe.preset().mode() == TrainingMode.CROSS_BATCH) {
        steps.add(new Step("graph", List.of(places.bank(recipe).toString())));
      }
      steps.add(train(recipe, SegmenterMethod.NEURAL_EIGENFUNCTIONS, psi(recipe)));
    }
    if (methods.contains(SegmenterMethod.KMEANS_HIDDEN)) {
      Path from = model(recipe, SegmenterMethod.NEURAL_EIGENFUNCTIONS);
      steps.add(train(recipe, SegmenterMethod.KMEANS_HIDDEN, List.of("--from", from.toString())));
    }
    return steps;
  }

  private Step extract(Recipe recipe) {
    List<String> arguments = new ArrayList<>(backbone(recipe));
    arguments.addAll(places.dataset(recipe.train()));
    recipe.size().ifPresent(size -> arguments.addAll(List.of("--size", size.toString())));
    if (recipe.half()) {
      arguments.addAll(List.of("--dtype", "f16"));
    }
    arguments.addAll(List.of("-o", places.bank(recipe).toString()));
    return new Step("extract", arguments);
  }

  private List<String> backbone(Recipe recipe) {
    return List.of("-b", recipe.backbone().spec(places.weights()), "--device", places.device());
  }

  private Step train(Recipe recipe, SegmenterMethod method, List<String> more) {
    List<String> arguments =
        new ArrayList<>(
            List.of(
                places.bank(recipe).toString(),
                "-o",
                model(recipe, method).toString(),
                "--method",
                method.text(),
                "--clusters",
                Integer.toString(recipe.clusters()),
                "--seeds",
                Integer.toString(seeds)));
    arguments.addAll(more);
    return new Step("train", arguments);
  }

  private List<String> psi(Recipe recipe) {
    List<String> options =
        new ArrayList<>(List.of("--preset", recipe.preset().name(), "--device", places.device()));
    int found = images.get(recipe.train());
    if (found < recipe.preset().batchSize()) { // a trial with few images
      options.addAll(List.of("--batch-size", Integer.toString(found)));
    }
    recipe.epochs().ifPresent(value -> options.addAll(List.of("--epochs", value + "")));
    recipe.pixelWeight().ifPresent(value -> options.addAll(List.of("--pixel-weight", value + "")));
    recipe.beta().ifPresent(value -> options.addAll(List.of("--beta", value + "")));
    Path log = places.models().resolve(recipe.modelName(SegmenterMethod.NEURAL_EIGENFUNCTIONS));
    options.addAll(List.of("--log", log + ".jsonl"));
    return options;
  }

  private Path model(Recipe recipe, SegmenterMethod method) {
    return places.models().resolve(recipe.modelName(method) + ".safetensors");
  }

  /** The models of an experiment, all seeds of a method after each other. */
  List<Path> models(Experiment experiment) {
    return experiment.methods().stream()
        .flatMap(method -> models(experiment.recipe(), method))
        .toList();
  }

  private Stream<Path> models(Recipe recipe, SegmenterMethod method) {
    return IntStream.range(0, seeds)
        .mapToObj(i ->
            places
                .models()
                .resolve(
                    String.format(
                        Locale.ROOT, "%s-seed%d.safetensors", recipe.modelName(method), seed + i)));
  }

  /** The scoring. */
  Step evaluation(Experiment experiment) {
    List<String> arguments = new ArrayList<>(backbone(experiment.recipe()));
    arguments.addAll(places.dataset(experiment.evaluated()));
    arguments.addAll(List.of("--protocol", experiment.protocol().option()));
    if (experiment.crf()) {
      arguments.addAll(List.of("--crf", "both"));
    }
    models(experiment).forEach(model -> arguments.add(model.toString()));
    return new Step("evaluate", arguments);
  }
}
