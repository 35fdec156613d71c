package dev.eigenseg.train;

import dev.eigenseg.api.Progress;
import dev.eigenseg.api.Provenance;
import dev.eigenseg.api.bank.FeatureBank;
import dev.eigenseg.graph.KnnGraph;
import dev.eigenseg.infer.SegmenterFile;
import dev.eigenseg.infer.SegmenterModel;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.stream.Stream;

/**
 * Trains eigenfunctions with several seeds and keeps those which {@link ModelCriterion} finds best;
 * of equally good ones the first. The models lie in a folder beside the one that is kept, {@link
 * #folder}, until all are ranked: the same call goes on where it was stopped.
 *
 * <p>The kept model's provenance is that of its own training with all criteria among the settings.
 */
public final class SeedRanking {
  private static final String KEEP = "keep";
  private static final String BEST = "best";
  private static final String SEEDS = "seeds";
  // Settings that begin so differ between rankings of different seeds; see Provenance.recipe().
  private static final String FIRST_SEED = Provenance.OF_SEEDS + "first";

  private final FeatureBank bank;
  private final KnnGraph graph;
  private final TrainingOptions options;
  private final int seeds;
  private final Path model;
  private final Listener listener;
  private final Progress progress;

  private SeedRanking(
      FeatureBank bank,
      KnnGraph graph,
      TrainingOptions options,
      int seeds,
      Path model,
      Listener listener,
      Progress progress) {
    this.bank = bank;
    this.graph = graph;
    this.options = options;
    this.seeds = seeds;
    this.model = model;
    this.listener = listener;
    this.progress = progress;
  }

  /** Follows the work. Called on the thread that trains. */
  public interface Listener {
    /** Hears nothing. */
    Listener NONE = new Listener() {};

    /** Who follows the training with a seed. */
    default TrainingListener training(long seed) {
      return TrainingListener.NONE;
    }

    /** A model was judged. */
    default void ranked(Ranked ranked) {}
  }

  /** What the criterion says of a seed. */
  public record Ranked(long seed, ModelCriterion.Value criterion) {}

  /**
   * The finished work.
   *
   * @param kept the seed of the model that was kept
   * @param training of that seed
   * @param ranking all seeds, best first; empty if the model was there before
   */
  public record Result(long kept, TrainingResult training, List<Ranked> ranking) {
    /** Copies the list. */
    public Result {
      ranking = List.copyOf(ranking);
    }
  }

  /** Where the models of all seeds are until the work is done. */
  public static Path folder(Path model) {
    return model.resolveSibling(model.getFileName() + ".seeds");
  }

  /**
   * Trains, ranks and keeps, or goes on with it, or finds that all is done.
   *
   * @param bank the features; borrowed
   * @param graph over the bank's high features, also in in-batch mode: the criterion needs it;
   *     borrowed
   * @param options how; its seed is the first one
   * @param seeds how many seeds, one after the other
   * @param model the segmenter file to write
   * @param overwrite whether all begins anew, and another model is replaced in the end
   * @throws dev.eigenseg.api.IncompatibleException if the place holds other work
   * @throws dev.eigenseg.api.CancelledException if the user asked to stop
   */
  public static Result train(
      FeatureBank bank,
      KnnGraph graph,
      TrainingOptions options,
      int seeds,
      Path model,
      boolean overwrite,
      Listener listener,
      Progress progress)
      throws IOException {
    return new SeedRanking(bank, graph, options, seeds, model, listener, progress).run(overwrite);
  }

  private Result run(boolean overwrite) throws IOException {
    if (overwrite) {
      deleteFolder();
    } else if (!Files.exists(folder(model))) { // else it may be there to replace the model
      Optional<Long> kept = alreadyKept();
      if (kept.isPresent()) {
        return new Result(
            kept.get(), new TrainingResult(model, 0, List.of(), 0, false, true), List.of());
      }
    }
    Files.createDirectories(folder(model));
    List<TrainingResult> trained = new ArrayList<>();
    for (int i = 0; i < seeds; i++) {
      long seed = seed(i);
      trained.add(
          Trainer.train(
              bank,
              Optional.of(graph),
              withSeed(seed),
              file(seed),
              listener.training(seed),
              new StageProgress(progress, "seed " + seed)));
    }
    List<Ranked> ranking = rank();
    Ranked best = ranking.getFirst();
    keep(best.seed(), ranking);
    deleteFolder();
    TrainingResult of = trained.get(Math.toIntExact(best.seed() - seed(0)));
    return new Result(
        best.seed(),
        new TrainingResult(model, of.steps(), of.history(), of.seconds(), of.resumed(), false),
        ranking);
  }

  private long seed(int index) {
    return Math.addExact(options.run().seed(), index);
  }

  private TrainingOptions withSeed(long seed) {
    return options.with(options.run().withSeed(seed));
  }

  private Path file(long seed) {
    return folder(model).resolve("seed" + seed + ".safetensors");
  }

  private List<Ranked> rank() throws IOException {
    List<Ranked> ranking = new ArrayList<>();
    try (ModelCriterion criterion =
        ModelCriterion.open(bank, graph, options, folder(model), progress)) {
      for (int i = 0; i < seeds; i++) {
        long seed = seed(i);
        try (SegmenterFile file = SegmenterFile.open(file(seed))) {
          Progress named = new StageProgress(progress, "seed " + seed);
          ranking.add(new Ranked(seed, criterion.of(file.model(), named)));
        }
        listener.ranked(ranking.getLast());
      }
    }
    ranking.sort(
        Comparator.comparingDouble((Ranked ranked) -> ranked.criterion().value()).reversed());
    return ranking;
  }

  private void keep(long seed, List<Ranked> ranking) throws IOException {
    Map<String, String> chosen = new TreeMap<>(choice());
    for (Ranked ranked : ranking) {
      chosen.put(
          Provenance.OF_SEEDS + ranked.seed() + "-criterion",
          String.format(Locale.ROOT, "%.6f", ranked.criterion().value()));
    }
    try (SegmenterFile file = SegmenterFile.open(file(seed))) {
      SegmenterModel best = file.model();
      SegmenterFile.write(model, best.withProvenance(best.provenance().withSettings(chosen)));
    }
  }

  /** What is added to the settings of a training, whatever comes out. */
  private Map<String, String> choice() {
    return Map.of(KEEP, BEST, SEEDS, Integer.toString(seeds), FIRST_SEED, Long.toString(seed(0)));
  }

  /** The seed of the model in its place, if this very work made it. */
  private Optional<Long> alreadyKept() throws IOException {
    if (!Files.exists(model)) {
      return Optional.empty();
    }
    try (SegmenterFile file = SegmenterFile.open(model)) {
      Provenance found = file.model().provenance();
      long seed = found.seed();
      boolean ours = seed >= seed(0) && seed < Math.addExact(seed(0), seeds);
      Provenance wanted =
          TrainingPlan.of(bank, Optional.of(graph), withSeed(ours ? seed : seed(0)), model)
              .provenance()
              .withSettings(choice());
      Artefacts.requireSame(model, withoutCriteria(found), wanted);
      return Optional.of(seed);
    }
  }

  private static Provenance withoutCriteria(Provenance found) {
    TreeMap<String, String> settings = new TreeMap<>(found.settings());
    settings
        .keySet()
        .removeIf(name -> name.startsWith(Provenance.OF_SEEDS) && !name.equals(FIRST_SEED));
    return new Provenance(found.task(), settings, found.inputs(), found.seed(), found.versions());
  }

  private void deleteFolder() throws IOException {
    Path folder = folder(model);
    if (!Files.exists(folder)) {
      return;
    }
    List<Path> ours;
    try (Stream<Path> files = Files.list(folder)) {
      ours = files.filter(file -> file.getFileName().toString().startsWith("seed")).toList();
    }
    for (Path file : ours) {
      Files.delete(file);
    }
    Files.delete(folder); // fails if somebody keeps something else there
  }
}
