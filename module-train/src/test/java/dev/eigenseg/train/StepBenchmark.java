package dev.eigenseg.train;

import dev.eigenseg.api.Backbone.FeatureDims;
import dev.eigenseg.api.ImageGeometry;
import dev.eigenseg.api.PatchFeatures;
import dev.eigenseg.api.Progress;
import dev.eigenseg.api.Provenance;
import dev.eigenseg.api.bank.BankSettings;
import dev.eigenseg.api.bank.FeatureBank;
import dev.eigenseg.api.bank.FeatureBankWriter;
import dev.eigenseg.api.bank.ImageEntry;
import dev.eigenseg.api.bank.Level;
import dev.eigenseg.api.spi.KnnEngine;
import dev.eigenseg.api.tensor.DType;
import dev.eigenseg.api.tensor.Tensor;
import dev.eigenseg.graph.KnnEngines;
import dev.eigenseg.graph.KnnGraph;
import dev.eigenseg.graph.kernel.NormalizedAdjacency;
import dev.eigenseg.graph.kernel.PixelGraph;
import dev.eigenseg.graph.kernel.Workspace;
import dev.eigenseg.infer.FeatureScales;
import dev.eigenseg.infer.PsiConfig;
import dev.eigenseg.train.TrainingOptions.Kernel;
import dev.eigenseg.train.TrainingOptions.Network;
import dev.eigenseg.train.TrainingOptions.Run;
import dev.eigenseg.train.TrainingOptions.Schedule;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.function.ToLongFunction;
import java.util.stream.Stream;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/**
 * One update of a batch of 8 images of 22 x 30 patches (5,280), features 32 + 64 + 416, projected
 * to 256, with the same network and threads in all modes: cross-batch, in-batch with our graph
 * engine, and the published procedure, which builds the in-batch graph from dense similarities and
 * top-k in libtorch. Run with {@code eigenseg bench train StepBenchmark}; the medians of an
 * update's parts are printed for every mode.
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MILLISECONDS)
@Warmup(iterations = 3, time = 4)
@Measurement(iterations = 5, time = 4)
@Fork(
    value = 1,
    jvmArgsAppend = {
      "--add-modules=jdk.incubator.vector",
      "--enable-native-access=ALL-UNNAMED",
      "-Dai.djl.offline=true"
    })
public class StepBenchmark {
  private static final int ROWS = 22;
  private static final int COLUMNS = 30;
  private static final int BATCH = 8;
  private static final FeatureDims DIMS = new FeatureDims(32, 64, 416);

  /** Whose graph. */
  @Param({"cross-batch", "in-batch", "published"})
  public String mode;

  /** Clusters. */
  @Param({"64"})
  public int clusters;

  /** Threads of the tensor engine and of our kernels. */
  @Param({"2"})
  public int threads;

  /** Images of the bank; a step of cross-batch meets the patches of all of them. */
  @Param({"48"})
  public int images;

  private Path folder;
  private FeatureBank bank;
  private BatchSource batches;
  private PsiLearner learner;
  private StepKernel kernel;
  private long update;
  private final List<PsiLearner.Times> times = new ArrayList<>();

  /** For JMH. */
  public StepBenchmark() {}

  /** Writes a bank of random blobs and builds the kernel. */
  @Setup
  public void setUp() throws IOException {
    folder = Files.createTempDirectory("eigenseg-bench");
    bank = writeBank(folder.resolve("bank"), images);
    batches = new BankBatches(bank, FeatureScales.ONE);
    TrainingOptions options =
        TrainingOptions.of(clusters)
            .with(Network.DEFAULT.withProjection(256))
            .with(
                Kernel.DEFAULT.withMode(
                    mode.equals("cross-batch") ? TrainingMode.CROSS_BATCH : TrainingMode.IN_BATCH))
            .with(Schedule.DEFAULT.withBatchSize(BATCH))
            .with(Run.DEFAULT.withThreads(threads));
    learner = PsiLearner.fresh(PsiConfig.of(DIMS, 256, 4, 64, 128, 2, clusters), options);
    kernel =
        switch (mode) {
          case "cross-batch" -> crossBatch(bank, options);
          case "in-batch" -> new InBatchKernel(KnnEngines.select("auto"), options);
          default -> new PublishedKernel(options);
        };
  }

  private static StepKernel crossBatch(FeatureBank bank, TrainingOptions options)
      throws IOException {
    try (KnnGraph graph =
            KnnGraph.build(
                KnnEngines.select("auto"),
                new KnnEngine.Request(
                    bank.level(Level.HIGH), 64, 1L << 29, options.run().threads()),
                Progress.NONE);
        NormalizedAdjacency features =
            NormalizedAdjacency.ofNeighbors(graph, Workspace.UNBOUNDED, options.run().threads());
        NormalizedAdjacency pixels =
            PixelGraph.adjacency(
                bank.images(),
                bank.level(Level.PIXELS),
                options.kernel().pixelGraph(),
                Workspace.UNBOUNDED,
                options.run().threads(),
                Progress.NONE)) {
      RememberedOutputs remembered =
          new RememberedOutputs(bank.rows(), options.clusters(), options.kernel().outputsDtype());
      try (Tensor even = Tensor.allocate(DType.F32, bank.rows(), options.clusters())) {
        for (long i = 0; i < even.size(); i++) {
          even.set(i, 1f / options.clusters());
        }
        remembered.write(0, bank.rows(), even.segment(), 0);
      }
      remembered.refreshNorms(options.run().threads());
      return new CrossBatchKernel(
          NormalizedAdjacency.sum(features, (float) options.kernel().pixelWeight(), pixels),
          remembered,
          options.run().threads());
    }
  }

  private static FeatureBank writeBank(Path folder, int images) throws IOException {
    Random random = new Random(1);
    BankSettings settings =
        new BankSettings(
            "bench",
            "0".repeat(64),
            "bench",
            Map.of(),
            DIMS,
            DType.F32,
            new ImageGeometry(Optional.empty(), 16));
    Provenance provenance = Provenance.here("extract", Map.of(), Map.of(), 1, "cpu");
    try (FeatureBankWriter writer = FeatureBankWriter.open(folder, settings, provenance)) {
      for (int image = 0; image < images; image++) {
        try (PatchFeatures features =
                new PatchFeatures(
                    ROWS,
                    COLUMNS,
                    noise(random, DIMS.low()),
                    noise(random, DIMS.mid()),
                    noise(random, DIMS.high()));
            Tensor colors = noise(random, 3)) {
          for (long i = 0; i < colors.size(); i++) {
            colors.set(i, Math.clamp(0.5f + 0.2f * colors.get(i), 0, 1));
          }
          writer.append("image " + image, COLUMNS * 16, ROWS * 16, features, colors);
        }
      }
      writer.finish(Progress.NONE);
    }
    return FeatureBank.open(folder);
  }

  /** Values around one of 40 centres, each its own sign pattern. */
  private static Tensor noise(Random random, int dim) {
    Tensor tensor = Tensor.allocate(DType.F32, (long) ROWS * COLUMNS, dim);
    for (int row = 0; row < ROWS * COLUMNS; row++) {
      Random centre = new Random(random.nextInt(40));
      for (int i = 0; i < dim; i++) {
        tensor.set(
            (long) row * dim + i, (float) random.nextGaussian() + (centre.nextBoolean() ? 1 : -1));
      }
    }
    return tensor;
  }

  /** One update, the batch's reading included. */
  @Benchmark
  public double update() throws IOException {
    int first = (int) (update % (images / BATCH)) * BATCH;
    List<ImageEntry> chosen = bank.images().subList(first, first + BATCH);
    update++;
    try (Batch batch = batches.batch(chosen, 0)) {
      PsiLearner.Outcome outcome = learner.update(batch, kernel, update, 0.7, 1e-3, new BitSet());
      times.add(outcome.times());
      return outcome.loss();
    }
  }

  /** Prints the parts. */
  @TearDown
  public void tearDown() throws IOException {
    List<PsiLearner.Times> warm = times.subList(times.size() / 3, times.size());
    System.out.printf(
        "%n%s: forward %.0f ms, graph and product %.0f ms, backward %.0f ms, optimiser %.0f ms (medians of %d updates)%n",
        mode,
        median(warm, PsiLearner.Times::forward),
        median(warm, PsiLearner.Times::kernel),
        median(warm, PsiLearner.Times::backward),
        median(warm, PsiLearner.Times::optimizer),
        warm.size());
    kernel.close();
    learner.close();
    batches.close();
    bank.close();
    try (Stream<Path> files = Files.walk(folder)) {
      for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
        Files.delete(file);
      }
    }
  }

  private static double median(
      List<PsiLearner.Times> times, ToLongFunction<PsiLearner.Times> part) {
    long[] values = times.stream().mapToLong(part).toArray();
    Arrays.sort(values);
    return values[values.length / 2] / 1e6;
  }
}
