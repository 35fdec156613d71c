package dev.eigenseg.infer.vit;

import dev.eigenseg.api.PatchFeatures;
import dev.eigenseg.api.tensor.Tensor;
import dev.eigenseg.infer.Fixtures;
import dev.eigenseg.infer.VitModels;
import java.io.IOException;
import java.nio.file.Files;
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

/** ViT-S/16 with random weights on one image of 480 x 480 pixels, 901 tokens: images a second. */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.Throughput)
@OutputTimeUnit(TimeUnit.SECONDS)
@Warmup(iterations = 3, time = 2)
@Measurement(iterations = 5, time = 2)
@Fork(
    value = 1,
    jvmArgsAppend = {"--add-modules", "jdk.incubator.vector"})
public class VitBenchmark {
  /** Threads of one extraction. */
  @Param({"1", "2"})
  public int threads;

  private Path file;
  private VitBackbone backbone;
  private Tensor pixels;

  /** For JMH. */
  public VitBenchmark() {}

  /** Writes and opens a checkpoint of the true shapes. */
  @Setup
  public void prepare() throws IOException {
    Random random = new Random(1);
    VitConfig config = VitModels.timm(384, 12, 24);
    file = Files.createTempFile("vit-small", ".safetensors");
    VitFixtures.write(file, random, config);
    backbone = VitBackbone.open(file, Map.of());
    pixels = Fixtures.gaussian(random, 0.3, 3, 480, 480);
  }

  /** Frees everything. */
  @TearDown
  public void free() throws IOException {
    pixels.close();
    backbone.close();
    Files.delete(file);
  }

  /** One image. */
  @Benchmark
  public int image() {
    try (PatchFeatures features = backbone.extract(pixels, threads)) {
      return features.patches();
    }
  }
}
