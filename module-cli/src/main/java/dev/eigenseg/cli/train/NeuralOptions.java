package dev.eigenseg.cli.train;

import dev.eigenseg.cli.input.NeighborOptions;
import dev.eigenseg.cli.session.ByteSize;
import dev.eigenseg.cli.session.CommonOptions;
import dev.eigenseg.cli.session.KebabEnum;
import dev.eigenseg.cli.session.Storage;
import dev.eigenseg.graph.kernel.PixelGraphOptions;
import dev.eigenseg.train.Augmentation;
import dev.eigenseg.train.Cosine;
import dev.eigenseg.train.TrainingMode;
import dev.eigenseg.train.TrainingOptions;
import dev.eigenseg.train.TrainingOptions.Kernel;
import dev.eigenseg.train.TrainingOptions.Network;
import dev.eigenseg.train.TrainingOptions.Objective;
import dev.eigenseg.train.TrainingOptions.Run;
import dev.eigenseg.train.TrainingOptions.Schedule;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.Set;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Option;

/**
 * The options of {@code train} that shape eigenfunctions, named as in {@link TrainingOptions},
 * whose defaults hold, but for those that {@link dev.eigenseg.train.FittingDefaults} chooses.
 */
final class NeuralOptions {
  @Option(
      names = "--mode",
      paramLabel = "auto|cross-batch|in-batch",
      converter = ModeConverter.class,
      description =
          "One graph over the whole bank, or one inside each batch. auto: a preset's; without one "
              + "cross-batch, but in-batch with --augment and where --memory is too small for "
              + "psi's outputs of all patches (default: auto).")
  private Mode mode = Mode.AUTO;

  @Option(
      names = "--augment",
      paramLabel = "true|false",
      arity = "0..1",
      fallbackValue = "true",
      description =
          "Read the images of every update again, and train on random views of them (in-batch mode).")
  private Optional<Boolean> augment = Optional.empty();

  @Option(
      names = "--epochs",
      paramLabel = "N",
      description =
          "Passes over the images (default: as many as make 200 updates, but at least 8; no more than "
              + "make 6000).")
  private Optional<Integer> epochs = Optional.empty();

  @Option(
      names = "--batch-size",
      paramLabel = "N",
      description = "Images of one update (default: about 3000 patches, 4 to 16 images).")
  private Optional<Integer> batchSize = Optional.empty();

  @Option(
      names = "--projection",
      paramLabel = "WIDTH",
      description =
          "Project the features to this width first, 0 for not; psi gets that width (default: 256 "
              + "for features of more channels, else 0).")
  private Optional<Integer> projection = Optional.empty();

  @Option(
      names = "--heads",
      paramLabel = "N",
      converter = CommonOptions.PositiveInt.class,
      description = "Attention heads (default: psi's width / head-dim).")
  private Optional<Integer> heads = Optional.empty();

  @Option(names = "--head-dim", paramLabel = "N", description = "Channels of a head (default: 64).")
  private Optional<Integer> headDim = Optional.empty();

  @Option(
      names = "--mlp",
      paramLabel = "WIDTH",
      converter = CommonOptions.PositiveInt.class,
      description = "Width inside the MLP (default: half of psi's).")
  private Optional<Integer> mlp = Optional.empty();

  @Option(names = "--blocks", paramLabel = "N", description = "Transformer blocks (default: 2).")
  private Optional<Integer> blocks = Optional.empty();

  @Option(
      names = "--scale-inputs",
      paramLabel = "true|false",
      arity = "0..1",
      fallbackValue = "true",
      description =
          "Divide low, mid and high features by their standard deviation over the bank (default: true).")
  private Optional<Boolean> scaleInputs = Optional.empty();

  @Option(
      names = "--pixel-weight",
      paramLabel = "A",
      description = "Weight of the pixel graph; 0 turns it off (default: 0.3).")
  private Optional<Double> pixelWeight = Optional.empty();

  @Option(
      names = "--pixel-near-neighbors",
      paramLabel = "N",
      description = "Pixel neighbours where position counts much; 0 for none (default: 10).")
  private Optional<Integer> pixelNear = Optional.empty();

  @Option(
      names = "--pixel-color-neighbors",
      paramLabel = "N",
      description = "Pixel neighbours where colour decides; 0 for none (default: 5).")
  private Optional<Integer> pixelColor = Optional.empty();

  @Option(
      names = "--pixel-near-weight",
      paramLabel = "W",
      description = "Weight of the position where it counts much (default: 2.0).")
  private Optional<Float> pixelNearWeight = Optional.empty();

  @Option(
      names = "--pixel-color-weight",
      paramLabel = "W",
      description = "Weight of the position where colour decides (default: 0.1).")
  private Optional<Float> pixelColorWeight = Optional.empty();

  @Option(names = "--t", paramLabel = "T", description = "Scale of the objective (default: 0.01).")
  private Optional<Double> t = Optional.empty();

  @Option(
      names = "--beta",
      paramLabel = "B",
      description = "Weight of the regulariser (default: 0.08 * 256 / clusters).")
  private Optional<Double> beta = Optional.empty();

  @Option(
      names = "--balance",
      paramLabel = "W",
      description = "Weight of the balance between clusters (default: 0, as published).")
  private Optional<Double> balance = Optional.empty();

  @Option(
      names = "--learning-rate",
      paramLabel = "R",
      description = "Of the first update (default: 1e-3).")
  private Optional<Double> learningRate = Optional.empty();

  @Option(
      names = "--final-learning-rate",
      paramLabel = "R",
      description = "Of the last update (default: 1e-5).")
  private Optional<Double> finalLearningRate = Optional.empty();

  @Option(
      names = "--temperature",
      paramLabel = "T",
      description = "Of the first update (default: 1).")
  private Optional<Double> temperature = Optional.empty();

  @Option(
      names = "--final-temperature",
      paramLabel = "T",
      description = "Of the last update (default: 0.3).")
  private Optional<Double> finalTemperature = Optional.empty();

  @ArgGroup(exclusive = false)
  private NeighborOptions neighbors;

  @Option(
      names = "--graph",
      paramLabel = "FILE",
      description =
          "The bank's graph for cross-batch training (default: graph.knn in the bank; built if missing).")
  private Optional<Path> graphFile = Optional.empty();

  @Option(
      names = "--outputs-dtype",
      paramLabel = "f16|f32",
      description =
          "How psi's last outputs of all patches are kept in cross-batch mode; f32 takes twice "
              + "the memory and is free of rounding (default: f16).")
  private Optional<Storage> outputsDtype = Optional.empty();

  @Option(
      names = "--memory",
      paramLabel = "SIZE",
      converter = ByteSize.Converter.class,
      description =
          "The most memory of the process in cross-batch mode; a kernel that does not fit goes "
              + "into temporary files beside the model (default: 2g, or what it needs).")
  private Optional<ByteSize> memory = Optional.empty();

  @Option(
      names = "--log",
      paramLabel = "FILE",
      description = "Write a line of JSON for every epoch.")
  private Optional<Path> log = Optional.empty();

  @Option(
      names = "--device",
      paramLabel = "DEVICE",
      description = "Where to train: cpu or cuda:0 (default: cpu).")
  private String device = "cpu";

  enum Mode {
    AUTO,
    CROSS_BATCH,
    IN_BATCH
  }

  /** Training modes. */
  static final class ModeConverter extends KebabEnum<Mode> {
    ModeConverter() {
      super(Mode.class);
    }
  }

  /** The mode, if the user chose one; who names a graph did. */
  Optional<TrainingMode> mode() {
    return switch (mode) {
      case AUTO -> graphFile.map(file -> TrainingMode.CROSS_BATCH);
      case CROSS_BATCH -> Optional.of(TrainingMode.CROSS_BATCH);
      case IN_BATCH -> Optional.of(TrainingMode.IN_BATCH);
    };
  }

  Optional<Path> graphFile() {
    return graphFile;
  }

  Optional<Integer> neighbors() {
    return NeighborOptions.of(neighbors);
  }

  Optional<Path> log() {
    return log;
  }

  /** Images of one update, if the user gave them. */
  OptionalInt batchSize() {
    return batchSize.map(OptionalInt::of).orElseGet(OptionalInt::empty);
  }

  /** The names of options that the user gave, of those whose defaults depend on the bank. */
  Set<String> chosen() {
    Set<String> chosen = new HashSet<>();
    projection.ifPresent(value -> chosen.add("projection"));
    scaleInputs.ifPresent(value -> chosen.add("scale-inputs"));
    batchSize.ifPresent(value -> chosen.add("batch-size"));
    epochs.ifPresent(value -> chosen.add("epochs"));
    // Otherwise they are a batch's, or those of a graph that is there.
    if (neighbors().isPresent()
        || graphFile.isPresent()
        || mode().equals(Optional.of(TrainingMode.IN_BATCH))) {
      chosen.add("neighbors");
    }
    return chosen;
  }

  /** Whether the images are augmented, if a preset says that they are, or are not. */
  boolean augment(boolean preset) {
    return augment.orElse(preset);
  }

  /**
   * The options.
   *
   * @param given what holds where the user gave none: a preset's, or what fits the bank
   * @param augmentation to use if {@link #augment} says so
   */
  TrainingOptions options(
      TrainingOptions given,
      Optional<Integer> clusters,
      Augmentation augmentation,
      long seed,
      int threads) {
    return new TrainingOptions(
        clusters.orElse(given.clusters()),
        network(given.network()),
        kernel(given.kernel()),
        objective(given.objective()),
        schedule(given.schedule(), augmentation),
        new Run(
            seed,
            threads,
            memory.map(size -> OptionalLong.of(size.bytes())).orElse(given.run().memory()),
            device));
  }

  private Network network(Network given) {
    return new Network(
        projection.orElse(given.projection()),
        heads.map(OptionalInt::of).orElse(given.heads()),
        headDim.orElse(given.headDim()),
        mlp.map(OptionalInt::of).orElse(given.mlp()),
        blocks.orElse(given.blocks()),
        scaleInputs.orElse(given.scaleInputs()));
  }

  private Kernel kernel(Kernel given) {
    TrainingMode chosen = mode().orElse(given.mode());
    boolean inBatch = chosen == TrainingMode.IN_BATCH; // else neighbors are the bank's graph's
    return new Kernel(
        chosen,
        neighbors().filter(count -> inBatch).map(OptionalInt::of).orElse(given.neighbors()),
        pixelWeight.orElse(given.pixelWeight()),
        pixelGraph(),
        outputsDtype.map(Storage::dtype).orElse(given.outputsDtype()));
  }

  private Objective objective(Objective given) {
    return new Objective(
        t.orElse(given.t()),
        beta.map(OptionalDouble::of).orElse(given.beta()),
        balance.orElse(given.balance()));
  }

  private Schedule schedule(Schedule given, Augmentation augmentation) {
    return new Schedule(
        epochs.orElse(given.epochs()),
        batchSize.orElse(given.batchSize()),
        augment(given.augmentation().isPresent()) ? Optional.of(augmentation) : Optional.empty(),
        new Cosine(
            learningRate.orElse(given.learningRate().from()),
            finalLearningRate.orElse(given.learningRate().to())),
        new Cosine(
            temperature.orElse(given.temperature().from()),
            finalTemperature.orElse(given.temperature().to())));
  }

  private PixelGraphOptions pixelGraph() {
    PixelGraphOptions defaults = PixelGraphOptions.DEFAULT;
    return new PixelGraphOptions(
        pixelNear.orElse(defaults.nearNeighbors()),
        pixelNearWeight.orElse(defaults.nearWeight()),
        pixelColor.orElse(defaults.colorNeighbors()),
        pixelColorWeight.orElse(defaults.colorWeight()));
  }
}
