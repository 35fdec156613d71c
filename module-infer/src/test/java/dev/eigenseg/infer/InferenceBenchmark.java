package dev.eigenseg.infer;

import dev.eigenseg.api.Backbone.FeatureDims;
import dev.eigenseg.api.ImageGeometry;
import dev.eigenseg.api.ImageGeometry.Size;
import dev.eigenseg.api.PatchFeatures;
import dev.eigenseg.api.Segmentation;
import dev.eigenseg.api.tensor.DType;
import dev.eigenseg.api.tensor.Tensor;
import dev.eigenseg.infer.descriptor.DescriptorBackbone;
import dev.eigenseg.infer.psi.PsiNetwork;
import dev.eigenseg.infer.segment.Upsampler;
import java.util.Optional;
import java.util.Random;
import java.util.SequencedMap;
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
 * The stages of segmenting one image of 480 x 360 pixels, 30 x 22 patches, in one thread: the
 * descriptor, psi as trained on CamVid (512 channels projected to 256), and upsampling fused with
 * argmax against the plain way with a full-resolution plane a cluster.
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MILLISECONDS)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(
    value = 1,
    jvmArgsAppend = {"--add-modules", "jdk.incubator.vector"})
public class InferenceBenchmark {
  private static final int WIDTH = 480;
  private static final int HEIGHT = 360;
  private static final ImageGeometry GEOMETRY =
      new ImageGeometry(Optional.of(new Size(480, 352)), 16);
  private static final int ROWS = 22;
  private static final int COLUMNS = 30;

  /** K. */
  @Param({"64", "256"})
  public int clusters;

  private final DescriptorBackbone descriptor = new DescriptorBackbone();
  private Tensor pixels;
  private Tensor input;
  private Tensor logits;
  private Tensor smoothLogits;
  private PsiNetwork psi;

  /** For JMH. */
  public InferenceBenchmark() {}

  /** Random weights and an image of noise. */
  @Setup
  public void prepare() {
    Random random = new Random(1);
    pixels = Fixtures.gaussian(random, 0.2, 3, 352, 480);
    PsiConfig config = PsiConfig.of(new FeatureDims(32, 64, 416), 256, 4, 64, 128, 2, clusters);
    SequencedMap<String, Tensor> weights = Fixtures.weights(random, config.weightShapes());
    psi = new PsiNetwork(config, weights::get);
    Fixtures.close(weights);
    input = Fixtures.gaussian(random, 1, (long) ROWS * COLUMNS, config.inputDim());
    logits = Tensor.allocate(DType.F32, (long) ROWS * COLUMNS, clusters);
    // Logits of a trained model change slowly over the grid; independent ones would be the worst
    // case, not the usual one.
    smoothLogits = Tensor.allocate(DType.F32, (long) ROWS * COLUMNS, clusters);
    for (int k = 0; k < clusters; k++) {
      double centerX = random.nextDouble() * COLUMNS;
      double centerY = random.nextDouble() * ROWS;
      for (int patch = 0; patch < ROWS * COLUMNS; patch++) {
        double distance = Math.hypot(patch % COLUMNS - centerX, patch / COLUMNS - centerY);
        smoothLogits.set((long) patch * clusters + k, (float) -distance);
      }
    }
  }

  /** Frees everything. */
  @TearDown
  public void free() {
    pixels.close();
    input.close();
    logits.close();
    smoothLogits.close();
    psi.close();
    descriptor.close();
  }

  /** The descriptor backbone on one image. */
  @Benchmark
  public int descriptor() {
    try (PatchFeatures features = descriptor.extract(pixels)) {
      return features.patches();
    }
  }

  /** psi on one image. */
  @Benchmark
  public Tensor psi() {
    psi.logits(input, logits, 1);
    return logits;
  }

  /** Upsampling fused with argmax. */
  @Benchmark
  public Segmentation fused() {
    return Upsampler.argmax(
        smoothLogits, ROWS, COLUMNS, GEOMETRY, WIDTH, HEIGHT, Optional.empty(), 1);
  }

  /** Every cluster's logit interpolated for every pixel, then the largest. */
  @Benchmark
  public short[] plain() {
    float[] grid = smoothLogits.toFloats();
    float[] planes = new float[clusters * WIDTH * HEIGHT];
    for (int y = 0; y < HEIGHT; y++) {
      float gridY = Math.clamp((y + 0.5f) * 22 / HEIGHT - 0.5f, 0, ROWS - 1);
      int top = Math.min((int) gridY, ROWS - 2);
      for (int x = 0; x < WIDTH; x++) {
        float gridX = Math.clamp((x + 0.5f) * COLUMNS / WIDTH - 0.5f, 0, COLUMNS - 1);
        int left = Math.min((int) gridX, COLUMNS - 2);
        int corner = (top * COLUMNS + left) * clusters;
        for (int k = 0; k < clusters; k++) {
          planes[(y * WIDTH + x) * clusters + k] =
              interpolated(grid, corner + k, gridX - left, gridY - top);
        }
      }
    }
    short[] result = new short[WIDTH * HEIGHT];
    for (int i = 0; i < result.length; i++) {
      for (int k = 1; k < clusters; k++) {
        if (planes[i * clusters + k] > planes[i * clusters + result[i]]) {
          result[i] = (short) k;
        }
      }
    }
    return result;
  }

  private float interpolated(float[] grid, int corner, float across, float down) {
    int below = corner + COLUMNS * clusters;
    float upper = grid[corner] + across * (grid[corner + clusters] - grid[corner]);
    float lower = grid[below] + across * (grid[below + clusters] - grid[below]);
    return upper + down * (lower - upper);
  }
}
