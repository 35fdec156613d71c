package dev.eigenseg.train;

import dev.eigenseg.api.BadInputException;
import dev.eigenseg.api.IncompatibleException;
import dev.eigenseg.api.Provenance;
import dev.eigenseg.api.bank.FeatureBank;
import dev.eigenseg.graph.KnnGraph;
import dev.eigenseg.graph.kmeans.KMeansOptions;
import dev.eigenseg.infer.SegmenterFile;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * What a model says of its training, so that it can be repeated. With the same bank, graph, number
 * of threads, and versions, the repetition has the same bytes.
 *
 * @param model its file
 * @param provenance what it says
 */
public record RecordedTraining(Path model, Provenance provenance) {
  private static final String TASK = "train";
  private static final String TOLERANCE = "tolerance";
  private static final String AUGMENT = "augment";

  private static final KMeansOptions K_MEANS = KMeansOptions.of(1);

  // What stands in the settings where an option was left out.
  private static final Map<String, String> LEFT_OUT =
      Map.of(
          "batch-rows", Integer.toString(K_MEANS.batchRows()),
          "heads", "default",
          "mlp", "default",
          "neighbors", "default",
          "augment-crop", "whole",
          "augment-base", "bank");

  /**
   * Reads a model.
   *
   * @throws BadInputException if it was not made by training on one machine
   * @throws dev.eigenseg.api.CorruptFileException if it is damaged
   */
  public static RecordedTraining of(Path model) throws IOException {
    try (SegmenterFile file = SegmenterFile.open(model)) {
      Provenance provenance = file.model().provenance();
      if (!provenance.task().equals(TASK)) {
        throw new BadInputException(
            "%s was made by '%s', expected a model of 'train'".formatted(model, provenance.task()));
      }
      return new RecordedTraining(model, provenance);
    }
  }

  /**
   * The options of the command line that repeat it, by their names without hyphens, seed and method
   * among them.
   *
   * @throws BadInputException if there is no option for a setting
   */
  public SequencedMap<String, String> options() {
    SequencedMap<String, String> options = new LinkedHashMap<>(provenance.settings());
    LEFT_OUT.forEach(options::remove);
    String tolerance = options.remove(TOLERANCE);
    if (tolerance != null && !tolerance.equals(Double.toString(K_MEANS.tolerance()))) {
      throw new BadInputException(
          "%s was trained with the tolerance %s, for which there is no option; repeat it in Java"
              .formatted(model, tolerance));
    }
    if (options.containsKey("mode")) {
      boolean augmented =
          provenance.settings().keySet().stream().anyMatch(name -> name.startsWith(AUGMENT + "-"));
      options.put(AUGMENT, Boolean.toString(augmented));
      if (!device().equals("cpu")) {
        options.put("device", device());
      }
    }
    return options;
  }

  private String device() {
    return provenance.versions().getOrDefault("device", "cpu");
  }

  /**
   * Refuses another bank.
   *
   * @throws IncompatibleException naming both
   */
  public void requireBank(FeatureBank bank) throws IOException {
    requireInput("bank", bank.directory().toString(), bank.identity());
  }

  /**
   * Refuses another graph, if it was trained on one.
   *
   * @param place its file, for the message
   * @throws IncompatibleException naming both
   */
  public void requireGraph(KnnGraph graph, Path place) {
    requireInput("graph", place.toString(), Artefacts.identity(graph));
  }

  private void requireInput(String kind, String place, String found) {
    String expected = provenance.inputs().getOrDefault(kind, "none");
    if (!expected.equals(found)) {
      throw new IncompatibleException(
          "%s was trained on the %s %s, but %s is %s; give the %s that it was trained on"
              .formatted(model, kind, expected, place, found, kind));
    }
  }

  /**
   * Refuses options that amount to other settings, before any work.
   *
   * @throws BadInputException naming all that differ
   */
  public void requireSettings(TrainingOptions options) {
    Map<String, String> found = new TreeMap<>(options.settings());
    found.put("method", provenance.settings().getOrDefault("method", "none"));
    requireSame("settings", provenance.settings(), found);
  }

  /**
   * Refuses a model of other settings or inputs.
   *
   * @param repeated the other model
   * @throws BadInputException naming all that differ
   */
  public void requireRepeated(Path repeated) throws IOException {
    try (SegmenterFile file = SegmenterFile.open(repeated)) {
      Provenance other = file.model().provenance();
      requireSame("settings", provenance.settings(), other.settings());
      requireSame("inputs", provenance.inputs(), other.inputs());
    }
  }

  private void requireSame(String kind, Map<String, String> recorded, Map<String, String> found) {
    List<String> differences = differences(recorded, found);
    if (!differences.isEmpty()) {
      throw new BadInputException(
          "%s was trained with other %s: %s"
              .formatted(model, kind, String.join(", ", differences)));
    }
  }

  /** In which versions of programs and machine this process differs, for people. */
  public List<String> otherVersions() {
    Map<String, String> here =
        new TreeMap<>(Provenance.here(TASK, Map.of(), Map.of(), 0, device()).versions());
    Map<String, String> there = new TreeMap<>(provenance.versions());
    there.keySet().retainAll(here.keySet()); // libraries are known only once they are used
    return differences(there, here);
  }

  private static List<String> differences(Map<String, String> recorded, Map<String, String> found) {
    TreeSet<String> names = new TreeSet<>(recorded.keySet());
    names.addAll(found.keySet());
    List<String> differences = new ArrayList<>();
    for (String name : names) {
      String before = recorded.getOrDefault(name, "absent");
      String now = found.getOrDefault(name, "absent");
      if (!before.equals(now)) {
        differences.add("%s %s there, %s here".formatted(name, before, now));
      }
    }
    return differences;
  }
}
