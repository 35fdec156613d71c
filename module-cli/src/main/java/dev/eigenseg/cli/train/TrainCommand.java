package dev.eigenseg.cli.train;

import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import dev.eigenseg.api.BadInputException;
import dev.eigenseg.api.bank.FeatureBank;
import dev.eigenseg.api.internal.resource.Closing;
import dev.eigenseg.cli.input.AugmentOptions;
import dev.eigenseg.cli.input.BackboneSpec;
import dev.eigenseg.cli.input.NamedBackbone;
import dev.eigenseg.cli.session.ByteSize;
import dev.eigenseg.cli.session.CommonOptions;
import dev.eigenseg.cli.session.EpochLog;
import dev.eigenseg.cli.session.GraphMessages;
import dev.eigenseg.cli.session.KebabEnum;
import dev.eigenseg.cli.session.Session;
import dev.eigenseg.cli.session.Surroundings;
import dev.eigenseg.cli.session.WorkCommand;
import dev.eigenseg.graph.BankGraph;
import dev.eigenseg.graph.GraphOptions;
import dev.eigenseg.graph.KnnGraph;
import dev.eigenseg.graph.kmeans.KMeansOptions;
import dev.eigenseg.infer.SegmenterFile;
import dev.eigenseg.infer.SegmenterMethod;
import dev.eigenseg.train.Augmentation;
import dev.eigenseg.train.DensityBalance;
import dev.eigenseg.train.Devices;
import dev.eigenseg.train.FittingDefaults;
import dev.eigenseg.train.KMeansTrainer;
import dev.eigenseg.train.OutputOverlap;
import dev.eigenseg.train.Preset;
import dev.eigenseg.train.RecordedTraining;
import dev.eigenseg.train.Trainer;
import dev.eigenseg.train.TrainingListener;
import dev.eigenseg.train.TrainingMemory;
import dev.eigenseg.train.TrainingMode;
import dev.eigenseg.train.TrainingOptions;
import dev.eigenseg.train.TrainingResult;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.TypeConversionException;

/** Feature bank to segmenter. */
@Command(
    name = "train",
    description = {
      "Learns a segmenter from a bank, without labels.",
      "Options that you leave out are chosen by the bank's features and size, which a line says "
          + "with the reasons; --preset paper has what was published.",
      "The same command again continues a run that was stopped, exactly as if it had not been.",
      "--like MODEL repeats the training that MODEL records: on the same bank, with the same number "
          + "of --threads and on the same machine, the result has the same bytes."
    },
    footer = {
      "",
      "Examples:",
      "  eigenseg train street.bank -o street.safetensors --clusters 64",
      "  eigenseg train city.bank -o city.safetensors --preset cityscapes",
      "  eigenseg train street.bank -o kmeans.safetensors --clusters 64 --method kmeans-features",
      "  eigenseg train street.bank -o hidden.safetensors --clusters 64 --method kmeans-hidden --from street.safetensors",
      "  eigenseg train street.bank -o ours.safetensors --clusters 64 --seeds 3",
      "  eigenseg train street.bank -o again.safetensors --like street.safetensors"
    })
public final class TrainCommand extends WorkCommand {
  @Parameters(paramLabel = "BANK", description = "The feature bank.")
  private Path bankFolder;

  @Option(
      names = {"-o", "--output"},
      paramLabel = "MODEL",
      required = true,
      description = "The segmenter file to write, by custom NAME.safetensors.")
  private Path model;

  @Option(
      names = "--clusters",
      paramLabel = "K",
      converter = CommonOptions.PositiveInt.class,
      description = "How many clusters to look for; may be left out with --preset.")
  private Optional<Integer> clusters = Optional.empty();

  @Option(
      names = "--preset",
      paramLabel = "pascal-context|cityscapes|ade20k|paper|camvid",
      converter = PresetConverter.class,
      description = {
        "Settings for a dataset, as published for the first three, whose common ground is paper; "
            + "what you give beside it counts before it. For k-means only its --clusters count.",
        "pascal-context: --clusters 256 --mode in-batch --epochs 40 --batch-size 16 --beta 0.08 "
            + "--neighbors 256 --augment --augment-crop 480x480 --augment-base 4160x520.",
        "cityscapes: --clusters 256 --mode in-batch --epochs 40 --batch-size 8 --beta 0.08 "
            + "--neighbors 256 --augment --augment-crop 768x768 --augment-base 2048x1024.",
        "ade20k: --clusters 512 --mode in-batch --epochs 20 --batch-size 16 --beta 0.04 "
            + "--neighbors 256 --augment --augment-crop 512x512 --augment-base 2048x512.",
        "paper: --clusters 256 --mode in-batch --epochs 40 --batch-size 16 --beta 0.08 --neighbors 256.",
        "camvid: --clusters 64 --mode cross-batch --epochs 16 --batch-size 8 --beta 0.32 --projection 256 --scale-inputs."
      })
  private Optional<Preset> preset = Optional.empty();

  @Option(
      names = "--method",
      paramLabel = "neural-eigenfunctions|kmeans-features|kmeans-hidden",
      defaultValue = "neural-eigenfunctions",
      converter = KebabEnum.Method.class,
      description = "What to learn (default: ${DEFAULT-VALUE}).")
  private SegmenterMethod method;

  @Option(
      names = "--from",
      paramLabel = "MODEL",
      description = "The trained eigenfunctions whose hidden features kmeans-hidden clusters.")
  private Optional<Path> from = Optional.empty();

  @Option(
      names = "--seeds",
      paramLabel = "N",
      converter = CommonOptions.PositiveInt.class,
      description =
          "Train N models that differ by their seed alone, --seed and those after it: "
              + "NAME.safetensors becomes NAME-seed0.safetensors, NAME-seed1.safetensors, ..., "
              + "and so do the files of --from and --log. Of eigenfunctions it is said which ones "
              + "overlap least over the bank: on average these are better than the others.")
  private Optional<Integer> seeds = Optional.empty();

  @Option(
      names = {"-b", "--backbone"},
      paramLabel = "SPEC",
      converter = BackboneSpec.class,
      description =
          "The bank's backbone, for --augment and --embed-backbone (default: looked for beside the bank, "
              + "in EIGENSEG_WEIGHTS, in the user's cache, and among the files that were named with -b before).")
  private Optional<String> backbone = Optional.empty();

  @Option(
      names = "--like",
      paramLabel = "MODEL",
      description =
          "Train as this model was: all options and the seed are taken from what it records. Options "
              + "that say otherwise are refused, and so are another bank and another graph; --from is "
              + "asked for where it had one.")
  private Optional<Path> like = Optional.empty();

  @Option(
      names = "--overwrite",
      description = "Start anew and replace a model, or a run, that is there already.")
  private boolean overwrite;

  @Option(
      names = "--embed-backbone",
      description = "Put the Vision Transformer of the bank into the model's file, for shipping.")
  private boolean embed;

  // Stays empty if the user gives none of these options, which the other methods would not heed.
  @ArgGroup(exclusive = false, heading = "%nOptions of neural-eigenfunctions:%n")
  private NeuralOptions neural;

  @ArgGroup(exclusive = false, heading = "%nOptions of --augment:%n")
  private AugmentOptions augment;

  @ArgGroup(exclusive = false, heading = "%nOptions of kmeans-features and kmeans-hidden:%n")
  private KMeansFlags kmeans;

  private Optional<RecordedTraining> recorded = Optional.empty();

  public TrainCommand(Surroundings surroundings) {
    super(surroundings);
  }

  @Override
  protected JsonObject work(Session session) throws IOException {
    if (like.isPresent()) {
      repeat(session, RecordedTraining.of(like.get()));
    }
    if ((method == SegmenterMethod.KMEANS_HIDDEN) != from.isPresent()) {
      throw usage(
          "--from names the trained eigenfunctions of --method kmeans-hidden: give both or none");
    }
    boolean learnsPsi = method == SegmenterMethod.NEURAL_EIGENFUNCTIONS;
    if (learnsPsi ? kmeans != null : neural != null || augment != null) {
      throw usage(
          "an option belongs to another method than "
              + method.text()
              + "; --help lists them by method");
    }
    clusters(); // wrong usage is found before any work
    List<TrainingRun> runs = runs(session);
    if (learnsPsi) {
      options(session, runs.getFirst(), preset.map(Preset::options).orElseGet(this::anyOptions));
    }
    for (TrainingRun run : runs) {
      check(run);
    }
    try (FeatureBank bank = FeatureBank.open(bankFolder)) {
      check(session, bank);
      FittingDefaults.caution(bank, clusters()).ifPresent(session::say);
      JsonArray models = learnsPsi ? neural(session, bank, runs) : kmeans(session, bank, runs);
      JsonObject json = new JsonObject();
      if (seeds.isPresent()) {
        json.add("models", models);
      } else {
        json = models.get(0).getAsJsonObject();
      }
      json.add("seconds", session.stages().toJson());
      return json;
    }
  }

  // Parsed again, this command is the one that was given then.
  private void repeat(Session session, RecordedTraining training) {
    commandLine().parseArgs(LikeOptions.arguments(commandLine(), training));
    recorded = Optional.of(training);
    List<String> other = training.otherVersions();
    if (!other.isEmpty()) {
      session.say(
          "%s was trained elsewhere, the last digits may differ: %s"
              .formatted(training.model(), String.join(", ", other)));
    }
  }

  private JsonArray kmeans(Session session, FeatureBank bank, List<TrainingRun> runs)
      throws IOException {
    JsonArray models = new JsonArray();
    for (TrainingRun run : runs) {
      models.add(kmeans(session, bank, run));
    }
    return models;
  }

  private JsonArray neural(Session session, FeatureBank bank, List<TrainingRun> runs)
      throws IOException {
    TrainingOptions given = given(session, bank);
    JsonArray models = new JsonArray();
    for (TrainingRun run : runs) {
      models.add(neural(session, bank, run, given));
    }
    if (runs.size() > 1) {
      session.stage("overlap", () -> sayOverlaps(session, bank, runs, models));
    }
    return models;
  }

  /** Says which seed is likely to be the best, and keeps the figure of each. */
  private static Path sayOverlaps(
      Session session, FeatureBank bank, List<TrainingRun> runs, JsonArray models)
      throws IOException {
    List<Double> overlaps = new ArrayList<>();
    for (int i = 0; i < runs.size(); i++) {
      Path trained = runs.get(i).model();
      try (SegmenterFile file = SegmenterFile.open(trained)) {
        double overlap =
            OutputOverlap.of(bank, file.model(), session.threads(), session.progress());
        session.say("%s: overlap %.5f".formatted(trained, overlap));
        models.get(i).getAsJsonObject().addProperty("overlap", overlap);
        overlaps.add(overlap);
      }
    }
    Path best = runs.get(overlaps.indexOf(Collections.min(overlaps))).model();
    session.say(best + " has the eigenfunctions of least overlap, without labels the best guess");
    return best;
  }

  /** What holds where the user says nothing else. */
  private TrainingOptions given(Session session, FeatureBank bank) {
    if (preset.isPresent()) {
      return preset.get().options();
    }
    NeuralOptions flags = neuralOptions();
    FittingDefaults fitting = fitting(session, bank, flags);
    String reasons = fitting.line(chosen(flags));
    if (!reasons.isEmpty()) {
      session.say("defaults for this bank: " + reasons);
    }
    return fitting.options();
  }

  /** Options without a bank, which augmented images would not go with in the wrong mode. */
  private TrainingOptions anyOptions() {
    TrainingOptions any = TrainingOptions.of(64);
    return neuralOptions().augment(false)
        ? any.with(any.kernel().withMode(TrainingMode.IN_BATCH))
        : any;
  }

  private FittingDefaults fitting(Session session, FeatureBank bank, NeuralOptions flags) {
    FittingDefaults fitting = FittingDefaults.of(bank, clusters(), flags.batchSize());
    if (flags.mode().isPresent()) {
      return fitting;
    }
    TrainingRun any = new TrainingRun(session.seed(), model, from, Optional.empty());
    return fitting.withMode(bank, open -> options(session, any, open), flags.augment(false));
  }

  private Set<String> chosen(NeuralOptions flags) {
    Set<String> chosen = flags.chosen();
    if (Files.exists(BankGraph.file(bankFolder))) {
      chosen.add("neighbors"); // those of the graph
    }
    return chosen;
  }

  private List<TrainingRun> runs(Session session) {
    Optional<Path> log = neural == null ? Optional.empty() : neural.log();
    TrainingRun run = new TrainingRun(session.seed(), model, from, log);
    return seeds.map(run::repeated).orElse(List.of(run));
  }

  private static void check(TrainingRun run) {
    Session.checkFile(run.model());
    run.log().ifPresent(Session::checkFolder);
    if (run.from().isPresent() && !Files.exists(run.from().get())) {
      throw new BadInputException(
          "there is no %s for %s: train the eigenfunctions first, and with the same --seed and --seeds if these are given"
              .formatted(run.from().get(), run.model()));
    }
  }

  private void check(Session session, FeatureBank bank) throws IOException {
    if (backbone.isPresent()) {
      NamedBackbone.require(session, backbone.get(), bankFolder, bank.manifest());
    }
    if (recorded.isPresent()) {
      recorded.get().requireBank(bank);
    }
    if (embed) { // not only after the training
      EmbeddedBackbone.require(bankFolder, bank.manifest().backboneSpec());
    }
    int sought = clusters();
    if (sought > bank.rows()) { // the trainers say so too, but only after the graph was built
      throw new BadInputException(
          "%d clusters are more than the %d patches of %s; ask for fewer with --clusters, or extract more images"
              .formatted(sought, bank.rows(), bankFolder));
    }
  }

  private int clusters() {
    return clusters
        .or(() -> preset.map(Preset::clusters))
        .orElseThrow(
            () -> usage("how many clusters? give --clusters K, or a --preset that knows how many"));
  }

  private NeuralOptions neuralOptions() {
    return neural == null ? new NeuralOptions() : neural;
  }

  private TrainingOptions options(Session session, TrainingRun run, TrainingOptions given) {
    Optional<Augmentation> presets = preset.flatMap(Preset::augmentation);
    if (augment != null && !neuralOptions().augment(presets.isPresent())) {
      throw usage("the --augment- options need --augment");
    }
    try {
      Augmentation augmentation = presets.orElse(Augmentation.DEFAULT);
      return neuralOptions()
          .options(
              given,
              clusters,
              augment == null ? augmentation : augment.change(augmentation),
              run.seed(),
              session.threads());
    } catch (BadInputException e) { // begins with the option's name
      throw usage("--" + e.getMessage());
    } catch (IllegalArgumentException e) {
      throw usage(e.getMessage());
    }
  }

  private JsonObject kmeans(Session session, FeatureBank bank, TrainingRun run) throws IOException {
    KMeansFlags flags = kmeans == null ? new KMeansFlags() : kmeans;
    KMeansOptions options = flags.options(clusters(), run.seed(), session.threads());
    if (flags.densityPower().isEmpty()) {
      return kmeans(session, bank, run, options, Optional.empty());
    }
    Path file = BankGraph.file(bankFolder);
    if (!Files.exists(file)) {
      throw new BadInputException(
          "--density-power needs the graph of the bank: run 'eigenseg graph %s' first"
              .formatted(bankFolder));
    }
    try (KnnGraph graph = KnnGraph.open(file)) {
      DensityBalance density = new DensityBalance(graph, flags.densityPower().get());
      return kmeans(session, bank, run, options, Optional.of(density));
    }
  }

  private JsonObject kmeans(
      Session session,
      FeatureBank bank,
      TrainingRun run,
      KMeansOptions options,
      Optional<DensityBalance> density)
      throws IOException {
    TrainingResult result =
        session.stage(
            "train",
            () ->
                run.from().isPresent()
                    ? KMeansTrainer.hidden(
                        bank,
                        run.from().get(),
                        options,
                        density,
                        run.model(),
                        overwrite,
                        session.progress())
                    : KMeansTrainer.features(
                        bank, options, density, run.model(), overwrite, session.progress()));
    return json(session, run, result);
  }

  private JsonObject neural(
      Session session, FeatureBank bank, TrainingRun run, TrainingOptions given)
      throws IOException {
    TrainingOptions options = options(session, run, given);
    TrainingListener listener = new EpochLog(session, options.clusters(), run.log());
    recorded.ifPresent(training -> training.requireSettings(options));
    prepare(session, options);
    if (options.kernel().mode() == TrainingMode.IN_BATCH) {
      return neural(session, bank, Optional.empty(), run, options, listener);
    }
    try (KnnGraph graph = graph(session, bank, options)) {
      return neural(session, bank, Optional.of(graph), run, options, listener);
    }
  }

  private static void prepare(Session session, TrainingOptions options) {
    Devices.preferThreads(session.threads());
    if (!options.run().device().equals("cpu")) {
      Devices.require(options.run().device()); // before a graph is built for nothing
    }
  }

  /** The bank's graph, built if it is not there; the caller owns it. */
  private KnnGraph graph(Session session, FeatureBank bank, TrainingOptions options)
      throws IOException {
    TrainingMemory plan = TrainingMemory.plan(bank, options);
    sayMemory(session, plan);
    GraphOptions graphOptions =
        GraphOptions.DEFAULT
            .withNeighbors(
                neuralOptions().neighbors().map(OptionalInt::of).orElseGet(OptionalInt::empty))
            .withMemory(plan.total())
            .withSeed(session.seed())
            .withThreads(session.threads());
    BankGraph wanted = new BankGraph(bank, graphOptions);
    BankGraph.Listener messages = new GraphMessages(session, ", which cross-batch training needs");
    Path file = neuralOptions().graphFile().orElseGet(wanted::file);
    KnnGraph graph = wanted.openOrBuild(file, messages, session.progress());
    try {
      recorded.ifPresent(training -> training.requireGraph(graph, file));
      return graph;
    } catch (RuntimeException | Error e) {
      Closing.after(e, graph);
      throw e;
    }
  }

  private static void sayMemory(Session session, TrainingMemory memory) {
    session.say(
        "memory: %s for psi's outputs of all patches, %s for rows, %s for an update, %s for JVM and libtorch, %s left for the kernel"
            .formatted(
                new ByteSize(memory.outputs()),
                new ByteSize(memory.rows()),
                new ByteSize(memory.update()),
                new ByteSize(memory.runtime()),
                new ByteSize(memory.kernel())));
  }

  private JsonObject neural(
      Session session,
      FeatureBank bank,
      Optional<KnnGraph> graph,
      TrainingRun run,
      TrainingOptions options,
      TrainingListener listener)
      throws IOException {
    TrainingResult result =
        session.stage(
            "train",
            () ->
                Trainer.train(
                    bank, graph, options, run.model(), overwrite, listener, session.progress()));
    JsonObject json = json(session, run, result);
    json.addProperty("mode", options.kernel().mode().optionName());
    json.addProperty("augmented", options.schedule().augmentation().isPresent());
    return json;
  }

  private JsonObject json(Session session, TrainingRun run, TrainingResult result)
      throws IOException {
    if (recorded.isPresent()) {
      recorded.get().requireRepeated(run.model());
    }
    if (embed) {
      session.stage(
          "embed",
          () -> {
            EmbeddedBackbone.write(session, run.model(), Optional.empty(), run.model());
            return run.model();
          });
    }
    session.say(
        result.alreadyDone()
            ? run.model() + " is there already, with the same settings; --overwrite trains it again"
            : "wrote " + run.model());
    JsonObject json = new JsonObject();
    json.addProperty("model", run.model().toString());
    json.addProperty("method", method.text());
    json.addProperty("clusters", clusters());
    json.addProperty("seed", run.seed());
    json.addProperty("steps", result.steps());
    json.addProperty("resumed", result.resumed());
    json.addProperty("already-done", result.alreadyDone());
    if (!result.history().isEmpty()) {
      json.add("last-epoch", EpochLog.json(result.history().getLast()));
    }
    return json;
  }

  /** Finds a preset. */
  static final class PresetConverter implements ITypeConverter<Preset> {
    @Override
    public Preset convert(String value) {
      try {
        return Preset.named(value);
      } catch (BadInputException e) {
        throw new TypeConversionException(e.getMessage());
      }
    }
  }
}
