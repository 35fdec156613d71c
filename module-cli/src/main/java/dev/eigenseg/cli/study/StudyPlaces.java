package dev.eigenseg.cli.study;

import dev.eigenseg.api.BadInputException;
import dev.eigenseg.train.dataset.Datasets;
import dev.eigenseg.train.dataset.FolderDataset;
import dev.eigenseg.train.study.DataFolder;
import dev.eigenseg.train.study.Recipe;
import dev.eigenseg.train.study.Study;
import dev.eigenseg.train.study.StudyBackbone;
import dev.eigenseg.train.study.StudySplit;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Where the inputs of a study are, and where its work goes.
 *
 * @param data the folder of datasets
 * @param given roots that the user named, by dataset
 * @param weights the folder of weights
 * @param output for everything that is made
 * @param limit how many images of each split are taken, if not all
 * @param device where backbones and trainings run
 */
record StudyPlaces(
    DataFolder data,
    Map<String, Path> given,
    Path weights,
    Path output,
    Optional<Integer> limit,
    String device) {
  /** The root of a dataset, if it is there. */
  Optional<Path> root(String dataset) {
    return Optional.ofNullable(given.get(dataset))
        .or(() ->
            dataset.equals(StudySplit.SCENES)
                ? Optional.of(output.resolve(StudySplit.SCENES))
                : data.find(dataset));
  }

  /** What the commands call a dataset. */
  static String name(StudySplit split) {
    return split.dataset().equals(StudySplit.SCENES) ? FolderDataset.NAME : split.dataset();
  }

  /** The options that name a split. */
  List<String> dataset(StudySplit split) {
    List<String> options =
        new ArrayList<>(
            List.of(
                "--dataset",
                name(split),
                "--root",
                root(split.dataset()).orElseThrow().toString(),
                "--split",
                split.split()));
    limit.ifPresent(images -> options.addAll(List.of("--images", images.toString())));
    return options;
  }

  /** The same inputs, a few images of each split, and another folder for the work. */
  StudyPlaces trial(Study study, Path folder, int images) {
    Map<String, Path> roots = new HashMap<>();
    for (StudySplit split : study.splits()) {
      roots.put(split.dataset(), root(split.dataset()).orElseThrow());
    }
    return new StudyPlaces(data, roots, weights, folder, Optional.of(images), device);
  }

  /** The bank of a recipe. */
  Path bank(Recipe recipe) {
    return output.resolve("banks").resolve(recipe.bankName());
  }

  /** The folder of all models. */
  Path models() {
    return output.resolve("models");
  }

  /** The folder of what belongs to one study alone. */
  Path results(Study study) {
    return output.resolve(study.name());
  }

  /**
   * Looks for everything that a study needs, and counts its images.
   *
   * @throws BadInputException listing all that is missing, with where to get it
   */
  Map<StudySplit, Integer> check(Study study) throws IOException {
    List<String> problems = new ArrayList<>();
    for (StudyBackbone backbone : study.backbones()) {
      backbone
          .weights(weights)
          .filter(file -> !Files.isRegularFile(file))
          .ifPresent(file -> problems.add(missing(file, backbone)));
    }
    Map<StudySplit, Integer> images = new LinkedHashMap<>();
    for (StudySplit split : study.splits()) {
      Optional<Path> root = root(split.dataset());
      if (root.isEmpty()) {
        problems.add(data.missing(split.dataset()));
        continue;
      }
      try {
        int found = Datasets.openImages(name(split), root.get(), split.split()).images().size();
        images.put(split, Math.min(found, limit.orElse(found)));
      } catch (BadInputException e) {
        problems.add(split + ": " + e.getMessage());
      }
    }
    if (!problems.isEmpty()) {
      throw new BadInputException(
          "%s needs what is not there:%n  %s"
              .formatted(
                  study.name(),
                  String.join(
                      System.lineSeparator() + "  ", problems.stream().distinct().toList())));
    }
    return images;
  }

  private String missing(Path file, StudyBackbone backbone) {
    return "weights: there is no %s; get it: %s%s"
        .formatted(file, backbone.source(), backbone.pulled() ? ", with -o " + file : "");
  }
}
