package dev.eigenseg.train.vit;

import dev.eigenseg.api.Backbone;
import dev.eigenseg.api.Backbones;
import dev.eigenseg.api.PatchFeatures;
import dev.eigenseg.api.TrustedCode;
import dev.eigenseg.api.tensor.DType;
import dev.eigenseg.api.tensor.Tensor;
import dev.eigenseg.train.neuralef.Torch;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.TimeUnit;
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
 * One image of 480 x 480 pixels through the same ViT-S/16 on the Vector API, in DJL's blocks, and
 * as a TorchScript export of timm's own model. All must give the same features. {@code eigenseg
 * bench infer} writes the files and names them.
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MILLISECONDS)
@Warmup(iterations = 3, time = 4)
@Measurement(iterations = 5, time = 4)
@Fork(
    value = 1,
    jvmArgsAppend = {"--add-modules=jdk.incubator.vector", "-Dai.djl.offline=true"})
public class VitComparisonBenchmark {
  private static final int SIDE = 480;
  private static final double TOLERANCE = 2e-4;

  /** Whose network. */
  @Param({"vector", "djl", "torchscript"})
  public String engine;

  /** The checkpoint. */
  @Param("vit.safetensors")
  public String checkpoint;

  /** The export of the same weights. */
  @Param("vit.pt")
  public String export;

  /** Threads. */
  @Param("2")
  public int threads;

  private Backbone backbone;
  private Tensor pixels;

  /** For JMH. */
  public VitComparisonBenchmark() {}

  /** Opens the network and compares its features with those of the Vector API. */
  @Setup
  public void open() throws IOException {
    pixels = Tensor.allocate(DType.F32, 3, SIDE, SIDE);
    Random random = new Random(1);
    for (long i = 0; i < pixels.size(); i++) {
      pixels.set(i, random.nextFloat());
    }
    Torch.preferThreads(threads);
    backbone =
        switch (engine) {
          case "vector" -> Backbones.open("vit:" + checkpoint, "cpu");
          case "djl" -> TorchVitBackbone.open(Path.of(checkpoint), "cpu", Map.of());
          case "torchscript" ->
              TrustedCode.trusting(() -> Backbones.open("torchscript:" + export, "cpu"));
          default -> throw new IllegalArgumentException(engine);
        };
    try (Backbone reference = Backbones.open("vit:" + checkpoint, "cpu");
        PatchFeatures expected = reference.extract(pixels, threads);
        PatchFeatures found = backbone.extract(pixels, threads)) {
      checkSame("low", expected.low(), found.low());
      checkSame("mid", expected.mid(), found.mid());
      checkSame("high", expected.high(), found.high());
    }
  }

  private void checkSame(String level, Tensor expected, Tensor found) {
    double worst = 0;
    for (long i = 0; i < expected.size(); i++) {
      worst = Math.max(worst, Math.abs(expected.get(i) - found.get(i)));
    }
    System.err.printf("%s: %s differs by at most %.1e%n", engine, level, worst);
    if (!(worst < TOLERANCE)) {
      throw new IllegalStateException("%s: %s differs by %g".formatted(engine, level, worst));
    }
  }

  /** Frees everything. */
  @TearDown
  public void free() {
    backbone.close();
    pixels.close();
  }

  /** The features of one image. */
  @Benchmark
  public int extract() {
    try (PatchFeatures features = backbone.extract(pixels, threads)) {
      return features.patches();
    }
  }
}
