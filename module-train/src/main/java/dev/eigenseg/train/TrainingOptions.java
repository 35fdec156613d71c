package dev.eigenseg.train;

import dev.eigenseg.api.Backbone.FeatureDims;
import dev.eigenseg.api.BadInputException;
import dev.eigenseg.api.tensor.DType;
import dev.eigenseg.graph.kernel.PixelGraphOptions;
import dev.eigenseg.infer.PsiConfig;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalInt;
import java.util.OptionalLong;

/**
 * How eigenfunctions are learned. {@link #of} holds the defaults; names are those of the command
 * line and of the files.
 *
 * {@snippet :
 * TrainingOptions options =
 *     TrainingOptions.of(64)
 *         .with(Network.DEFAULT.withProjection(256))
 *         .with(Schedule.DEFAULT.withEpochs(16));
 * }
 *
 * @param clusters K, the number of eigenfunctions
 * @param network what psi looks like
 * @param kernel whose eigenfunctions are learned
 * @param objective what is minimised
 * @param schedule what every update gets
 * @param run where and with what a run works
 */
public record TrainingOptions(
    int clusters, Network network, Kernel kernel, Objective objective, Schedule schedule, Run run) {
  /**
   * Checks the number of clusters, and what no part can check alone.
   *
   * @throws BadInputException naming the option that is out of range
   */
  public TrainingOptions {
    Objects.requireNonNull(network);
    Objects.requireNonNull(kernel);
    Objects.requireNonNull(objective);
    Objects.requireNonNull(schedule);
    Objects.requireNonNull(run);
    check(clusters >= 2, "clusters", clusters, "at least 2");
    check(
        schedule.augmentation().isEmpty() || kernel.mode() == TrainingMode.IN_BATCH,
        "mode",
        kernel.mode().optionName(),
        "in-batch with augment: one graph over the bank knows no other views; 'eigenseg extract "
            + "--views' puts them into the bank (--augment=false leaves a preset's out)");
  }

  /** The defaults of every part. */
  public static TrainingOptions of(int clusters) {
    return new TrainingOptions(
        clusters,
        Network.DEFAULT,
        Kernel.DEFAULT,
        Objective.DEFAULT,
        Schedule.DEFAULT,
        Run.DEFAULT);
  }

  /** The same with another network. */
  public TrainingOptions with(Network value) {
    return new TrainingOptions(clusters, value, kernel, objective, schedule, run);
  }

  /** The same with another kernel. */
  public TrainingOptions with(Kernel value) {
    return new TrainingOptions(clusters, network, value, objective, schedule, run);
  }

  /** The same with another objective. */
  public TrainingOptions with(Objective value) {
    return new TrainingOptions(clusters, network, kernel, value, schedule, run);
  }

  /** The same with another schedule. */
  public TrainingOptions with(Schedule value) {
    return new TrainingOptions(clusters, network, kernel, objective, value, run);
  }

  /** The same, run in another way. */
  public TrainingOptions with(Run value) {
    return new TrainingOptions(clusters, network, kernel, objective, schedule, value);
  }

  /** The regulariser's weight for this K. */
  public double effectiveBeta() {
    return objective.beta(clusters);
  }

  /** The network on features of those widths. */
  PsiConfig psi(FeatureDims dims) {
    return network.psi(dims, clusters);
  }

  /**
   * Everything that decides the result, by option name; threads, memory and device are left out.
   */
  public Map<String, String> settings() {
    // The parts' names are mixed, since the order is that of the files of before there were parts.
    Map<String, String> settings = new LinkedHashMap<>();
    settings.put("clusters", Integer.toString(clusters));
    settings.put("mode", kernel.mode().optionName());
    settings.put("epochs", Integer.toString(schedule.epochs()));
    settings.put("batch-size", Integer.toString(schedule.batchSize()));
    network.putWidths(settings);
    kernel.putGraphs(settings);
    objective.put(settings, clusters);
    settings.put("scale-inputs", Boolean.toString(network.scaleInputs()));
    schedule.putCourses(settings);
    settings.put("seed", Long.toString(run.seed()));
    if (kernel.mode() == TrainingMode.CROSS_BATCH) {
      settings.put("outputs-dtype", text(kernel.outputsDtype()));
    }
    schedule.augmentation().ifPresent(made -> settings.putAll(made.settings()));
    return settings;
  }

  private static void check(boolean fine, String option, Object found, String expected) {
    if (!fine) {
      throw new BadInputException("%s is %s, expected %s".formatted(option, found, expected));
    }
  }

  private static String text(DType dtype) {
    return dtype.name().toLowerCase(Locale.ROOT);
  }

  private static String text(OptionalInt value) {
    return value.isPresent() ? Integer.toString(value.getAsInt()) : "default";
  }

  /**
   * What psi looks like.
   *
   * @param projection width of the linear projection before psi, or 0 for none
   * @param heads attention heads; by default psi's width / headDim
   * @param headDim channels of one head
   * @param mlp width of the MLP's hidden layer; by default half of psi's width
   * @param blocks transformer blocks
   * @param scaleInputs whether each level is divided by its standard deviation over the bank
   */
  public record Network(
      int projection,
      OptionalInt heads,
      int headDim,
      OptionalInt mlp,
      int blocks,
      boolean scaleInputs) {
    /** No projection, heads of 64 channels, two blocks, features as they are. */
    public static final Network DEFAULT =
        new Network(0, OptionalInt.empty(), 64, OptionalInt.empty(), 2, false);

    /**
     * Checks the ranges.
     *
     * @throws BadInputException naming the option that is out of range
     */
    public Network {
      check(projection >= 0, "projection", projection, "at least 0 (0: none)");
      check(heads.orElse(1) >= 1, "heads", heads, "at least 1");
      check(headDim >= 1, "head-dim", headDim, "at least 1");
      check(mlp.orElse(1) >= 1, "mlp", mlp, "at least 1");
      check(blocks >= 1, "blocks", blocks, "at least 1");
    }

    /** The same with another {@link #projection}. */
    public Network withProjection(int width) {
      return new Network(width, heads, headDim, mlp, blocks, scaleInputs);
    }

    /** The same with another {@link #headDim}. */
    public Network withHeadDim(int channels) {
      return new Network(projection, heads, channels, mlp, blocks, scaleInputs);
    }

    /** The same with or without {@link #scaleInputs}. */
    public Network withScaleInputs(boolean scaled) {
      return new Network(projection, heads, headDim, mlp, blocks, scaled);
    }

    private PsiConfig psi(FeatureDims dims, int clusters) {
      int hidden = projection > 0 ? projection : dims.total();
      return PsiConfig.of(
          dims,
          projection,
          heads.orElse(Math.max(1, hidden / headDim)),
          headDim,
          mlp.orElse(Math.max(1, hidden / 2)),
          blocks,
          clusters);
    }

    private void putWidths(Map<String, String> settings) {
      settings.put("projection", Integer.toString(projection));
      settings.put("heads", text(heads));
      settings.put("head-dim", Integer.toString(headDim));
      settings.put("mlp", text(mlp));
      settings.put("blocks", Integer.toString(blocks));
    }
  }

  /**
   * Whose eigenfunctions are learned.
   *
   * @param mode where the kernel comes from
   * @param neighbors neighbours a patch in the in-batch graph; by default 256 for 14,400 patches,
   *     in proportion
   * @param pixelWeight alpha, the weight of the pixel graph beside the feature graph; 0 turns it
   *     off
   * @param pixelGraph neighbours in the pixel graph
   * @param outputsDtype how psi's last outputs of all patches are kept in cross-batch mode: float16
   *     by default, float32 for twice the memory and products without their rounding
   */
  public record Kernel(
      TrainingMode mode,
      OptionalInt neighbors,
      double pixelWeight,
      PixelGraphOptions pixelGraph,
      DType outputsDtype) {
    /** One graph over the bank, and the pixel graph with weight 0.3. */
    public static final Kernel DEFAULT =
        new Kernel(
            TrainingMode.CROSS_BATCH,
            OptionalInt.empty(),
            0.3,
            PixelGraphOptions.DEFAULT,
            DType.F16);

    /**
     * Checks the ranges.
     *
     * @throws BadInputException naming the option that is out of range
     */
    public Kernel {
      Objects.requireNonNull(mode);
      Objects.requireNonNull(pixelGraph);
      Objects.requireNonNull(outputsDtype);
      check(neighbors.orElse(1) >= 1, "neighbors", neighbors, "at least 1");
      check(pixelWeight >= 0, "pixel-weight", pixelWeight, "at least 0");
      check(
          outputsDtype == DType.F16 || outputsDtype == DType.F32,
          "outputs-dtype",
          text(outputsDtype),
          "f16 or f32");
    }

    /** The same with another {@link #mode}. */
    public Kernel withMode(TrainingMode value) {
      return new Kernel(value, neighbors, pixelWeight, pixelGraph, outputsDtype);
    }

    /** The same with another number of {@link #neighbors}. */
    public Kernel withNeighbors(int count) {
      return new Kernel(mode, OptionalInt.of(count), pixelWeight, pixelGraph, outputsDtype);
    }

    /** Neighbours a patch in the graph of a mini-batch of that many patches, at most all others. */
    public int neighborsFor(long patches) {
      long wanted =
          neighbors.isPresent() ? neighbors.getAsInt() : Math.round(256.0 * patches / 14_400);
      return Math.toIntExact(Math.clamp(wanted, 1, Math.max(1, patches - 1)));
    }

    private void putGraphs(Map<String, String> settings) {
      settings.put("neighbors", text(neighbors));
      settings.put("pixel-weight", Double.toString(pixelWeight));
      settings.put("pixel-near-neighbors", Integer.toString(pixelGraph.nearNeighbors()));
      settings.put("pixel-near-weight", Float.toString(pixelGraph.nearWeight()));
      settings.put("pixel-color-neighbors", Integer.toString(pixelGraph.colorNeighbors()));
      settings.put("pixel-color-weight", Float.toString(pixelGraph.colorWeight()));
    }
  }

  /**
   * What is minimised.
   *
   * @param t the objective's scale
   * @param beta the regulariser's weight; by default 0.08 * 256 / K
   * @param balance weight of the negative entropy of the batch's mean assignment, which pushes
   *     towards using all clusters; not part of the published objective, and 0 by default
   */
  public record Objective(double t, OptionalDouble beta, double balance) {
    /** As published. */
    public static final Objective DEFAULT = new Objective(0.01, OptionalDouble.empty(), 0);

    /**
     * Checks the ranges.
     *
     * @throws BadInputException naming the option that is out of range
     */
    public Objective {
      check(t > 0, "t", t, "above 0");
      check(beta.orElse(0) >= 0, "beta", beta.orElse(0), "at least 0");
      check(balance >= 0, "balance", balance, "at least 0");
    }

    /** The same with another {@link #balance}; anything but 0 leaves the published objective. */
    public Objective withBalance(double weight) {
      return new Objective(t, beta, weight);
    }

    /** The regulariser's weight, or its default for this K. */
    private double beta(int clusters) {
      return beta.orElse(0.08 * 256 / clusters);
    }

    private void put(Map<String, String> settings, int clusters) {
      settings.put("t", Double.toString(t));
      settings.put("beta", Double.toString(beta(clusters)));
      settings.put("balance", Double.toString(balance));
    }
  }

  /**
   * What every update gets: images, a rate and a temperature.
   *
   * @param epochs passes over the images; 0 gives psi as it was initialised, the untrained control
   * @param batchSize images of one update; the last partial batch of an epoch is dropped
   * @param augmentation how the images of every step are augmented, in in-batch mode alone; by
   *     default they are not, and the bank's patches are taken
   * @param learningRate from the first update to the last
   * @param temperature of the Gumbel-Softmax, likewise; the last is also the divisor of logits in
   *     inference
   */
  public record Schedule(
      int epochs,
      int batchSize,
      Optional<Augmentation> augmentation,
      Cosine learningRate,
      Cosine temperature) {
    /** 20 epochs of 8 images as they are, rates of 1e-3 to 1e-5, temperatures of 1 to 0.3. */
    public static final Schedule DEFAULT =
        new Schedule(20, 8, Optional.empty(), new Cosine(1e-3, 1e-5), new Cosine(1, 0.3));

    /**
     * Checks the ranges.
     *
     * @throws BadInputException naming the option that is out of range
     */
    public Schedule {
      Objects.requireNonNull(augmentation);
      check(epochs >= 0, "epochs", epochs, "at least 0");
      check(batchSize >= 1, "batch-size", batchSize, "at least 1");
      check(learningRate.from() > 0, "learning-rate", learningRate.from(), "above 0");
      check(learningRate.to() >= 0, "final-learning-rate", learningRate.to(), "at least 0");
      check(temperature.from() > 0, "temperature", temperature.from(), "above 0");
      check(temperature.to() > 0, "final-temperature", temperature.to(), "above 0");
    }

    /** The same with another number of {@link #epochs}. */
    public Schedule withEpochs(int count) {
      return new Schedule(count, batchSize, augmentation, learningRate, temperature);
    }

    /** The same with another {@link #batchSize}. */
    public Schedule withBatchSize(int images) {
      return new Schedule(epochs, images, augmentation, learningRate, temperature);
    }

    /** The same with images that are augmented so. */
    public Schedule withAugmentation(Augmentation value) {
      return new Schedule(epochs, batchSize, Optional.of(value), learningRate, temperature);
    }

    /** The same with another {@link #learningRate}. */
    public Schedule withLearningRate(Cosine course) {
      return new Schedule(epochs, batchSize, augmentation, course, temperature);
    }

    private void putCourses(Map<String, String> settings) {
      settings.put("learning-rate", Double.toString(learningRate.from()));
      settings.put("final-learning-rate", Double.toString(learningRate.to()));
      settings.put("temperature", Double.toString(temperature.from()));
      settings.put("final-temperature", Double.toString(temperature.to()));
    }
  }

  /**
   * Where and with what a run works.
   *
   * @param seed of initial weights, image order and Gumbel noise
   * @param threads worker threads, also of the tensor library if this process has not used it
   *     before
   * @param memory bytes that the process may take in cross-batch mode, by default 2 GiB, or what it
   *     needs; a kernel that does not fit goes into temporary files beside the model. The result
   *     does not depend on it
   * @param device {@code "cpu"} or {@code "cuda:0"}
   */
  public record Run(long seed, int threads, OptionalLong memory, String device) {
    /** Seed 0, all processors, the CPU. */
    public static final Run DEFAULT =
        new Run(0, Runtime.getRuntime().availableProcessors(), OptionalLong.empty(), "cpu");

    /**
     * Checks the ranges.
     *
     * @throws BadInputException naming the option that is out of range
     */
    public Run {
      Objects.requireNonNull(device);
      check(threads >= 1, "threads", threads, "at least 1");
      check(memory.orElse(1) >= 1, "memory", memory, "at least 1");
    }

    /** The same with another {@link #seed}. */
    public Run withSeed(long value) {
      return new Run(value, threads, memory, device);
    }

    /** The same with another number of {@link #threads}. */
    public Run withThreads(int count) {
      return new Run(seed, count, memory, device);
    }

    /** The same with a bound on {@link #memory}. */
    public Run withMemory(long bytes) {
      return new Run(seed, threads, OptionalLong.of(bytes), device);
    }

    /** The same on another {@link #device}. */
    public Run withDevice(String value) {
      return new Run(seed, threads, memory, value);
    }
  }
}
