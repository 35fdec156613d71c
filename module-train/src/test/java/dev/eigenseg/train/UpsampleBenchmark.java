package dev.eigenseg.train;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import com.sun.management.ThreadMXBean;
import dev.eigenseg.api.ImageGeometry;
import dev.eigenseg.api.Segmentation;
import dev.eigenseg.api.tensor.DType;
import dev.eigenseg.api.tensor.Tensor;
import dev.eigenseg.infer.segment.Upsampler;
import dev.eigenseg.train.neuralef.Torch;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
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
 * From logits of 30 x 30 patches to the clusters of 480 x 480 pixels: upsampling fused with argmax,
 * and libtorch's bilinear interpolation followed by its argmax, in both of its memory layouts.
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MILLISECONDS)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(
    value = 1,
    jvmArgsAppend = {"--add-modules=jdk.incubator.vector", "-Dai.djl.offline=true"})
public class UpsampleBenchmark {
  private static final int GRID = 30;
  private static final int PATCH = 16;
  private static final int SIDE = GRID * PATCH;
  private static final int BILINEAR = 1; // of DJL's interpolation: 2 is by area
  private static final ImageGeometry GEOMETRY = new ImageGeometry(Optional.empty(), PATCH);

  /** K. */
  @Param("256")
  public int clusters;

  /** Threads. */
  @Param("2")
  public int threads;

  private Tensor logits;
  private Tensor planes;
  private NDManager manager;

  /** For JMH. */
  public UpsampleBenchmark() {}

  /** Logits that change slowly over the grid, as a trained model's do; both ways must agree. */
  @Setup
  public void prepare() {
    Random random = new Random(1);
    logits = Tensor.allocate(DType.F32, (long) GRID * GRID, clusters);
    planes = Tensor.allocate(DType.F32, clusters, (long) GRID * GRID);
    for (int k = 0; k < clusters; k++) {
      double centerX = random.nextDouble() * GRID;
      double centerY = random.nextDouble() * GRID;
      for (int patch = 0; patch < GRID * GRID; patch++) {
        double distance = Math.hypot(patch % GRID - centerX, (double) patch / GRID - centerY);
        logits.set((long) patch * clusters + k, (float) -distance);
        planes.set((long) k * GRID * GRID + patch, (float) -distance);
      }
    }
    manager = Torch.engine(threads).newBaseManager();
    checkAgreement(libtorchPlanes());
    checkAgreement(libtorchChannelsLast());
  }

  private void checkAgreement(long[] found) {
    Segmentation expected = fused();
    int same = 0;
    for (int i = 0; i < found.length; i++) {
      same += expected.clusterAt(i % SIDE, i / SIDE) == found[i] ? 1 : 0;
    }
    if (same < 0.999 * SIDE * SIDE) {
      throw new IllegalStateException(same + " of " + SIDE * SIDE + " pixels agree");
    }
  }

  /** Frees everything. */
  @TearDown
  public void free() {
    logits.close();
    planes.close();
    manager.close();
  }

  /** Ours. */
  @Benchmark
  public Segmentation fused() {
    return Upsampler.argmax(logits, GRID, GRID, GEOMETRY, SIDE, SIDE, Optional.empty(), threads);
  }

  /** libtorch, a plane a cluster, as published. */
  @Benchmark
  public long[] libtorchPlanes() {
    try (NDManager scope = manager.newSubManager()) {
      return argmax(Torch.share(scope, planes.segment(), 1, clusters, GRID, GRID));
    }
  }

  /** libtorch, the clusters of a pixel side by side. */
  @Benchmark
  public long[] libtorchChannelsLast() {
    try (NDManager scope = manager.newSubManager()) {
      NDArray rows = Torch.share(scope, logits.segment(), 1, GRID, GRID, clusters);
      return argmax(rows.transpose(0, 3, 1, 2));
    }
  }

  private static long[] argmax(NDArray logits) {
    return logits
        .getNDArrayInternal()
        .interpolation(new long[] {SIDE, SIDE}, BILINEAR, false)
        .argMax(1)
        .toLongArray();
  }

  /**
   * Prints the bytes that one call of each takes: ours, what it allocates on the heap, its result
   * among it (there is nothing off the heap); libtorch's, by how much the resident set rises.
   */
  public static void main(String[] args) throws IOException {
    UpsampleBenchmark benchmark = new UpsampleBenchmark();
    benchmark.clusters = 256;
    benchmark.threads = 2;
    benchmark.prepare();
    ThreadMXBean allocations = (ThreadMXBean) ManagementFactory.getThreadMXBean();
    long before = allocations.getTotalThreadAllocatedBytes();
    Segmentation mask = benchmark.fused();
    long fused = allocations.getTotalThreadAllocatedBytes() - before;
    Files.writeString(Path.of("/proc/self/clear_refs"), "5"); // the peak starts anew
    long resident = status("VmRSS");
    int pixels = benchmark.libtorchPlanes().length;
    long libtorch = status("VmHWM") - resident;
    benchmark.free();
    if (pixels != mask.width() * mask.height()) {
      throw new IllegalStateException(pixels + " pixels");
    }
    System.out.println(fused + "\t" + libtorch);
  }

  private static long status(String name) throws IOException {
    return Files.readAllLines(Path.of("/proc/self/status")).stream()
        .filter(line -> line.startsWith(name + ":"))
        .mapToLong(line -> 1024 * Long.parseLong(line.replaceAll("[^0-9]", "")))
        .findFirst()
        .orElseThrow();
  }
}
