package dev.eigenseg.train.study;

import java.util.List;
import java.util.stream.Stream;

/**
 * Experiments that answer one question, and what others have reported of them. A study says what is
 * to be done; it does nothing.
 *
 * @param name for files
 * @param title for people
 * @param knownTitle what the column of reported scores is called
 * @param about how to read it: what is compared, and what differs from the source
 * @param experiments in the order of the table
 * @param others scores of methods that are not run here
 */
public record Study(
    String name,
    String title,
    String knownTitle,
    String about,
    List<Experiment> experiments,
    List<KnownScore> others) {
  /** Copies the lists. */
  public Study {
    experiments = List.copyOf(experiments);
    others = List.copyOf(others);
  }

  /** All images that are learned from or scored on, each once. */
  public List<StudySplit> splits() {
    return experiments.stream()
        .flatMap(each -> Stream.of(each.recipe().train(), each.evaluated()))
        .distinct()
        .toList();
  }

  /** All backbones, each once. */
  public List<StudyBackbone> backbones() {
    return experiments.stream().map(each -> each.recipe().backbone()).distinct().toList();
  }
}
