package dev.eigenseg.train;

import dev.eigenseg.api.Backbone.FeatureDims;
import dev.eigenseg.api.BadInputException;
import dev.eigenseg.api.tensor.DType;
import dev.eigenseg.graph.PixelGraphOptions;
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
 * How eigenfunctions are learned. {@link #builder()} holds the defaults; names are those of the
 * command line and of the files.
 *
 * @param clusters K, the number of eigenfunctions
 * @param mode where the kernel comes from
 * @param epochs passes over the images; 0 gives psi as it was initialised, the untrained control
 * @param batchSize images of one update; the last partial batch of an epoch is dropped
 * @param projection width of the linear projection before psi, or 0 for none
 * @param heads attention heads; by default psi's width / headDim
 * @param headDim channels of one head
 * @param mlp width of the MLP's hidden layer; by default half of psi's width
 * @param blocks transformer blocks
 * @param neighbors neighbours a patch in the in-batch graph; by default 256 for 14,400 patches, in
 *     proportion
 * @param pixelWeight alpha, the weight of the pixel graph beside the feature graph; 0 turns it off
 * @param pixelGraph neighbours in the pixel graph
 * @param t the objective's scale
 * @param beta the regulariser's weight; by default 0.08 * 256 / K
 * @param balance weight of the negative entropy of the batch's mean assignment, which pushes
 *     towards using all clusters; not part of the published objective, and 0 by default
 * @param augmentation how the images of every step are augmented, in in-batch mode alone; by
 *     default they are not, and the bank's patches are taken
 * @param scaleInputs whether each level is divided by its standard deviation over the bank
 * @param learningRate of the first update
 * @param finalLearningRate of the last, reached by a cosine
 * @param temperature of the Gumbel-Softmax at the first update
 * @param finalTemperature at the last, reached by a cosine; also the divisor of logits in inference
 * @param seed of initial weights, image order and Gumbel noise
 * @param outputsDtype how psi's last outputs of all patches are kept in cross-batch mode: float16
 *     by default, float32 for twice the memory and products without their rounding
 * @param threads worker threads, also of the tensor library if this process has not used it before
 * @param memory bytes that the process may take in cross-batch mode, by default 2 GiB, or what it
 *     needs; a kernel that does not fit goes into temporary files beside the model. The result does
 *     not depend on it
 * @param device {@code "cpu"} or {@code "cuda:0"}
 */
public record TrainingOptions(
    int clusters,
    TrainingMode mode,
    int epochs,
    int batchSize,
    int projection,
    OptionalInt heads,
    int headDim,
    OptionalInt mlp,
    int blocks,
    OptionalInt neighbors,
    double pixelWeight,
    PixelGraphOptions pixelGraph,
    double t,
    OptionalDouble beta,
    double balance,
    Optional<Augmentation> augmentation,
    boolean scaleInputs,
    double learningRate,
    double finalLearningRate,
    double temperature,
    double finalTemperature,
    long seed,
    DType outputsDtype,
    int threads,
    OptionalLong memory,
    String device) {
  /**
   * Checks the ranges.
   *
   * @throws BadInputException naming the option that is out of range
   */
  public TrainingOptions {
    Objects.requireNonNull(mode);
    Objects.requireNonNull(device);
    Objects.requireNonNull(outputsDtype);
    check(clusters >= 2, "clusters", clusters, "at least 2");
    check(epochs >= 0, "epochs", epochs, "at least 0");
    check(batchSize >= 1, "batch-size", batchSize, "at least 1");
    check(projection >= 0, "projection", projection, "at least 0 (0: none)");
    check(heads.orElse(1) >= 1, "heads", heads, "at least 1");
    check(headDim >= 1, "head-dim", headDim, "at least 1");
    check(mlp.orElse(1) >= 1, "mlp", mlp, "at least 1");
    check(blocks >= 1, "blocks", blocks, "at least 1");
    check(neighbors.orElse(1) >= 1, "neighbors", neighbors, "at least 1");
    check(pixelWeight >= 0, "pixel-weight", pixelWeight, "at least 0");
    check(t > 0, "t", t, "above 0");
    check(beta.orElse(0) >= 0, "beta", beta.orElse(0), "at least 0");
    check(balance >= 0, "balance", balance, "at least 0");
    check(
        augmentation.isEmpty() || mode == TrainingMode.IN_BATCH,
        "mode",
        mode.optionName(),
        "in-batch with augment: one graph over the bank knows no other views; 'eigenseg extract "
            + "--views' puts them into the bank (--augment=false leaves a preset's out)");
    check(learningRate > 0, "learning-rate", learningRate, "above 0");
    check(finalLearningRate >= 0, "final-learning-rate", finalLearningRate, "at least 0");
    check(temperature > 0, "temperature", temperature, "above 0");
    check(finalTemperature > 0, "final-temperature", finalTemperature, "above 0");
    check(
        outputsDtype == DType.F16 || outputsDtype == DType.F32,
        "outputs-dtype",
        text(outputsDtype),
        "f16 or f32");
    check(threads >= 1, "threads", threads, "at least 1");
    check(memory.orElse(1) >= 1, "memory", memory, "at least 1");
  }

  private static void check(boolean fine, String option, Object found, String expected) {
    if (!fine) {
      throw new BadInputException("%s is %s, expected %s".formatted(option, found, expected));
    }
  }

  /** The defaults: 64 clusters, cross-batch, 20 epochs of 8 images, no projection. */
  public static Builder builder() {
    return new Builder();
  }

  /** beta, or its default for this K. */
  public double effectiveBeta() {
    return beta.orElse(0.08 * 256 / clusters);
  }

  /** The network on features of those widths. */
  PsiConfig psi(FeatureDims dims) {
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

  /** Neighbours a patch in the graph of a mini-batch of that many patches, at most all others. */
  public int neighborsFor(long patches) {
    long wanted =
        neighbors.isPresent() ? neighbors.getAsInt() : Math.round(256.0 * patches / 14_400);
    return Math.toIntExact(Math.clamp(wanted, 1, Math.max(1, patches - 1)));
  }

  /**
   * Everything that decides the result, by option name; threads, memory and device are left out.
   */
  public Map<String, String> settings() {
    Map<String, String> settings = new LinkedHashMap<>();
    settings.put("clusters", Integer.toString(clusters));
    settings.put("mode", mode.optionName());
    settings.put("epochs", Integer.toString(epochs));
    settings.put("batch-size", Integer.toString(batchSize));
    settings.put("projection", Integer.toString(projection));
    settings.put("heads", text(heads));
    settings.put("head-dim", Integer.toString(headDim));
    settings.put("mlp", text(mlp));
    settings.put("blocks", Integer.toString(blocks));
    settings.put("neighbors", text(neighbors));
    settings.put("pixel-weight", Double.toString(pixelWeight));
    settings.put("pixel-near-neighbors", Integer.toString(pixelGraph.nearNeighbors()));
    settings.put("pixel-near-weight", Float.toString(pixelGraph.nearWeight()));
    settings.put("pixel-color-neighbors", Integer.toString(pixelGraph.colorNeighbors()));
    settings.put("pixel-color-weight", Float.toString(pixelGraph.colorWeight()));
    settings.put("t", Double.toString(t));
    settings.put("beta", Double.toString(effectiveBeta()));
    settings.put("balance", Double.toString(balance));
    settings.put("scale-inputs", Boolean.toString(scaleInputs));
    settings.put("learning-rate", Double.toString(learningRate));
    settings.put("final-learning-rate", Double.toString(finalLearningRate));
    settings.put("temperature", Double.toString(temperature));
    settings.put("final-temperature", Double.toString(finalTemperature));
    settings.put("seed", Long.toString(seed));
    if (mode == TrainingMode.CROSS_BATCH) {
      settings.put("outputs-dtype", text(outputsDtype));
    }
    augmentation.ifPresent(made -> settings.putAll(made.settings()));
    return settings;
  }

  private static String text(DType dtype) {
    return dtype.name().toLowerCase(Locale.ROOT);
  }

  private static String text(OptionalInt value) {
    return value.isPresent() ? Integer.toString(value.getAsInt()) : "default";
  }

  /** Collects options; methods are named as the record's components. */
  public static final class Builder {
    private int clusters = 64;
    private TrainingMode mode = TrainingMode.CROSS_BATCH;
    private int epochs = 20;
    private int batchSize = 8;
    private int projection;
    private OptionalInt heads = OptionalInt.empty();
    private int headDim = 64;
    private OptionalInt mlp = OptionalInt.empty();
    private int blocks = 2;
    private OptionalInt neighbors = OptionalInt.empty();
    private double pixelWeight = 0.3;
    private PixelGraphOptions pixelGraph = PixelGraphOptions.DEFAULT;
    private double t = 0.01;
    private OptionalDouble beta = OptionalDouble.empty();
    private double balance;
    private Optional<Augmentation> augmentation = Optional.empty();
    private boolean scaleInputs;
    private double learningRate = 1e-3;
    private double finalLearningRate = 1e-5;
    private double temperature = 1;
    private double finalTemperature = 0.3;
    private long seed;
    private int threads = Runtime.getRuntime().availableProcessors();
    private DType outputsDtype = DType.F16;
    private OptionalLong memory = OptionalLong.empty();
    private String device = "cpu";

    private Builder() {}

    /** Changes {@link TrainingOptions#clusters}. */
    public Builder clusters(int clusters) {
      this.clusters = clusters;
      return this;
    }

    /** Changes {@link TrainingOptions#mode}. */
    public Builder mode(TrainingMode mode) {
      this.mode = mode;
      return this;
    }

    /** Changes {@link TrainingOptions#epochs}. */
    public Builder epochs(int epochs) {
      this.epochs = epochs;
      return this;
    }

    /** Changes {@link TrainingOptions#batchSize}. */
    public Builder batchSize(int batchSize) {
      this.batchSize = batchSize;
      return this;
    }

    /** Changes {@link TrainingOptions#projection}. */
    public Builder projection(int projection) {
      this.projection = projection;
      return this;
    }

    /** Changes {@link TrainingOptions#heads}. */
    public Builder heads(int heads) {
      this.heads = OptionalInt.of(heads);
      return this;
    }

    /** Changes {@link TrainingOptions#headDim}. */
    public Builder headDim(int headDim) {
      this.headDim = headDim;
      return this;
    }

    /** Changes {@link TrainingOptions#mlp}. */
    public Builder mlp(int mlp) {
      this.mlp = OptionalInt.of(mlp);
      return this;
    }

    /** Changes {@link TrainingOptions#blocks}. */
    public Builder blocks(int blocks) {
      this.blocks = blocks;
      return this;
    }

    /** Changes {@link TrainingOptions#neighbors}. */
    public Builder neighbors(int neighbors) {
      this.neighbors = OptionalInt.of(neighbors);
      return this;
    }

    /** Changes {@link TrainingOptions#pixelWeight}. */
    public Builder pixelWeight(double pixelWeight) {
      this.pixelWeight = pixelWeight;
      return this;
    }

    /** Changes {@link TrainingOptions#pixelGraph}. */
    public Builder pixelGraph(PixelGraphOptions pixelGraph) {
      this.pixelGraph = pixelGraph;
      return this;
    }

    /** Changes {@link TrainingOptions#t}. */
    public Builder t(double t) {
      this.t = t;
      return this;
    }

    /** Changes {@link TrainingOptions#beta}. */
    public Builder beta(double beta) {
      this.beta = OptionalDouble.of(beta);
      return this;
    }

    /**
     * Changes {@link TrainingOptions#balance}; anything but the default 0 leaves the published
     * objective.
     */
    public Builder balance(double balance) {
      this.balance = balance;
      return this;
    }

    /** Changes {@link TrainingOptions#augmentation}. */
    public Builder augmentation(Optional<Augmentation> augmentation) {
      this.augmentation = augmentation;
      return this;
    }

    /** Changes {@link TrainingOptions#scaleInputs}. */
    public Builder scaleInputs(boolean scaleInputs) {
      this.scaleInputs = scaleInputs;
      return this;
    }

    /** Changes {@link TrainingOptions#learningRate}. */
    public Builder learningRate(double learningRate) {
      this.learningRate = learningRate;
      return this;
    }

    /** Changes {@link TrainingOptions#finalLearningRate}. */
    public Builder finalLearningRate(double finalLearningRate) {
      this.finalLearningRate = finalLearningRate;
      return this;
    }

    /** Changes {@link TrainingOptions#temperature}. */
    public Builder temperature(double temperature) {
      this.temperature = temperature;
      return this;
    }

    /** Changes {@link TrainingOptions#finalTemperature}. */
    public Builder finalTemperature(double finalTemperature) {
      this.finalTemperature = finalTemperature;
      return this;
    }

    /** Changes {@link TrainingOptions#seed}. */
    public Builder seed(long seed) {
      this.seed = seed;
      return this;
    }

    /** Changes {@link TrainingOptions#threads}. */
    public Builder threads(int threads) {
      this.threads = threads;
      return this;
    }

    /** Changes {@link TrainingOptions#outputsDtype}. */
    public Builder outputsDtype(DType outputsDtype) {
      this.outputsDtype = outputsDtype;
      return this;
    }

    /** Changes {@link TrainingOptions#memory}. */
    public Builder memory(long memory) {
      this.memory = OptionalLong.of(memory);
      return this;
    }

    /** Changes {@link TrainingOptions#device}. */
    public Builder device(String device) {
      this.device = device;
      return this;
    }

    /** The options, checked. */
    public TrainingOptions build() {
      return new TrainingOptions(
          clusters,
          mode,
          epochs,
          batchSize,
          projection,
          heads,
          headDim,
          mlp,
          blocks,
          neighbors,
          pixelWeight,
          pixelGraph,
          t,
          beta,
          balance,
          augmentation,
          scaleInputs,
          learningRate,
          finalLearningRate,
          temperature,
          finalTemperature,
          seed,
          outputsDtype,
          threads,
          memory,
          device);
    }
  }
}
