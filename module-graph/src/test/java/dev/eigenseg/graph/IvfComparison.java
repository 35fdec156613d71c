package dev.eigenseg.graph;

import dev.eigenseg.api.Progress;
import dev.eigenseg.api.Provenance;
import dev.eigenseg.api.bank.FeatureBank;
import dev.eigenseg.api.bank.Level;
import dev.eigenseg.api.internal.kernel.VectorMath;
import dev.eigenseg.api.spi.KnnEngine;
import dev.eigenseg.api.spi.KnnIndex;
import dev.eigenseg.api.tensor.DType;
import dev.eigenseg.api.tensor.FeatureRows;
import dev.eigenseg.api.tensor.Tensor;
import dev.eigenseg.graph.rows.HeldBackRows;
import dev.eigenseg.graph.rows.NeighborRows;
import dev.eigenseg.graph.rows.PreparedRows;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Random;

/**
 * Approximate search in one process: the embedded engine and FAISS in turns on a bank, or the
 * embedded engine on synthetic clusters of growing size. The embedded engine chooses its probes for
 * the recall, FAISS is given lists and probes; every recall is measured on rows that chose nothing.
 *
 * <pre>
 *   IvfComparison bank RECALL BANK ROUNDS [LISTS PROBES]
 *   IvfComparison growth RECALL ROWS...
 *   IvfComparison file RECALL BANK MIB TARGET
 * </pre>
 *
 * LISTS and PROBES are FAISS's, which is left out without them: the fewest probes that reach the
 * recall make the comparison fair. The last builds a graph's file once, as the command does, in so
 * much memory, and says how much was resident at most (Linux): one process for each memory.
 */
final class IvfComparison {
  private static final int K = 64;
  private static final int THREADS = 2;
  private static final long MEMORY = 16L << 30;
  private static final int DIM = 384;
  private static final long TRAINING_ROWS = 64; // of a list of FAISS, its own default
  private static final int ROWS_OF_CLUSTER = 1000;

  private IvfComparison() {}

  /** Runs one of both. */
  public static void main(String[] arguments) throws IOException {
    KnnIndex own = KnnIndex.of(KnnIndex.Kind.IVF).withRecall(Double.parseDouble(arguments[1]));
    if (arguments[0].equals("growth")) {
      List<String> sizes = Arrays.asList(arguments).subList(2, arguments.length);
      grow(Integer.parseInt(sizes.getFirst()), own); // compiles
      for (String rows : sizes) {
        grow(Integer.parseInt(rows), own);
      }
      return;
    }
    try (FeatureBank bank = FeatureBank.open(Path.of(arguments[2]))) {
      if (arguments[0].equals("file")) {
        build(bank, own, Long.parseLong(arguments[3]) << 20, Path.of(arguments[4]));
        return;
      }
      FeatureRows features = bank.level(Level.HIGH);
      int rounds = Integer.parseInt(arguments[3]);
      search("vector", features, own); // compiles
      if (arguments.length == 4) {
        for (int round = 0; round < rounds; round++) {
          search("vector", features, own);
        }
        return;
      }
      int lists = Integer.parseInt(arguments[4]);
      int probes = Integer.parseInt(arguments[5]);
      compare(features, own, KnnIndex.ivf(lists, probes, TRAINING_ROWS * lists, false), rounds);
    }
  }

  private static void build(FeatureBank bank, KnnIndex index, long memory, Path target)
      throws IOException {
    KnnEngine.Request request =
        new KnnEngine.Request(bank.level(Level.HIGH), K, memory, THREADS, index);
    Provenance provenance = Provenance.here("graph", Map.of(), Map.of(), 0, "cpu");
    Map<String, Double> stages = new LinkedHashMap<>();
    long start = System.nanoTime();
    double begin = CpuTime.seconds();
    Progress timed =
        (name, total, unit) -> {
          stages.putIfAbsent(name, CpuTime.seconds() - begin);
          return Progress.Task.NONE;
        };
    new KnnGraphBuilder(KnnEngines.select("vector"), request, provenance)
        .build(GraphPart.WHOLE, target, false, timed);
    double seconds = (System.nanoTime() - start) * 1e-9;
    double cpu = CpuTime.seconds() - begin;
    String resident =
        Files.readAllLines(Path.of("/proc/self/status")).stream()
            .filter(line -> line.startsWith("VmHWM"))
            .findFirst()
            .orElse("VmHWM unknown");
    KnnGraphInfo graph = KnnGraphInfo.read(target);
    Recall recall = graph.recall().orElseThrow();
    System.out.printf(
        Locale.ROOT,
        "%,d MiB  %.1f s  %.1f cpu-s  recall %.4f +- %.4f  %s lists, %s probes  %s  cpu-s when stages began %s%n",
        memory >> 20,
        seconds,
        cpu,
        recall.fraction(),
        recall.margin(),
        graph.provenance().settings().get(KnnGraphBuilder.LISTS),
        graph.provenance().settings().get(KnnGraphBuilder.PROBES),
        resident,
        stages);
  }

  private record Found(KnnIndex index, double seconds, double cpuSeconds, Recall recall) {}

  private static Found search(String engine, FeatureRows features, KnnIndex index)
      throws IOException {
    long rows = features.rows();
    try (Tensor ids = Tensor.allocate(DType.I32, rows, K);
        Tensor similarities = Tensor.allocate(DType.F32, rows, K)) {
      KnnEngine.Request request = new KnnEngine.Request(features, K, MEMORY, THREADS, index);
      double cpu = CpuTime.seconds();
      long start = System.nanoTime();
      KnnIndex used = KnnEngines.select(engine).search(request, ids, similarities, Progress.NONE);
      double seconds = (System.nanoTime() - start) * 1e-9;
      cpu = CpuTime.seconds() - cpu;
      try (PreparedRows prepared = PreparedRows.measure(features, true, THREADS, Progress.NONE)) {
        float[] last = HeldBackRows.lastSimilarities(prepared, K, THREADS, Progress.NONE);
        Recall recall = new RecallSample(rows, last).of(NeighborRows.of(ids, similarities), K);
        Found found = new Found(used, seconds, cpu, recall);
        print(engine, rows, found);
        return found;
      }
    }
  }

  private static void print(String engine, long rows, Found found) {
    int lists = found.index().listsFor(rows);
    System.out.printf(
        Locale.ROOT,
        "%-7s %,9d rows  %5d lists  %3d probes  %7.2f s  %7.2f cpu-s  recall %.4f +- %.4f%n",
        engine,
        rows,
        lists,
        found.index().probesOf(lists),
        found.seconds(),
        found.cpuSeconds(),
        found.recall().fraction(),
        found.recall().margin());
  }

  private static void compare(FeatureRows features, KnnIndex own, KnnIndex faiss, int rounds)
      throws IOException {
    List<Double> ratios = new ArrayList<>();
    List<Double> cpuRatios = new ArrayList<>();
    for (int round = 0; round < rounds; round++) {
      Found ours = search("vector", features, own);
      Found theirs = search("faiss", features, faiss);
      ratios.add(theirs.seconds() / ours.seconds());
      cpuRatios.add(theirs.cpuSeconds() / ours.cpuSeconds());
    }
    print("time", ratios);
    print("processor time", cpuRatios);
  }

  private static void print(String what, List<Double> ratios) {
    List<Double> sorted = ratios.stream().sorted().toList();
    System.out.printf(
        Locale.ROOT,
        "%s of faiss / vector: median %.2f, from %.2f to %.2f%n",
        what,
        CpuTime.median(sorted),
        sorted.getFirst(),
        sorted.getLast());
  }

  private static void grow(int rows, KnnIndex index) throws IOException {
    try (Tensor half = clusters(rows)) {
      search("vector", new HalfRows(half), index);
    }
  }

  /** Clusters of about the same size, however many rows: float16, as a large bank is stored. */
  private static Tensor clusters(int rows) {
    Random random = new Random(1);
    int count = Math.max(1, rows / ROWS_OF_CLUSTER);
    Tensor half = Tensor.allocate(DType.F16, rows, DIM);
    try (Tensor centers = RandomData.gaussian(random, count, DIM);
        Tensor single = Tensor.allocate(DType.F32, DIM)) {
      for (long row = 0; row < rows; row++) {
        long center = random.nextInt(count);
        for (long c = 0; c < DIM; c++) {
          single.set(c, centers.get(center * DIM + c) + (float) random.nextGaussian());
        }
        VectorMath.best()
            .f32ToF16(single.segment(), 0, half.segment(), row * DIM * Short.BYTES, DIM);
      }
    }
    return half;
  }

  /** Float16 rows in memory. */
  private record HalfRows(Tensor values) implements FeatureRows {
    @Override
    public long rows() {
      return values.size(0);
    }

    @Override
    public int dim() {
      return Math.toIntExact(values.size(1));
    }

    @Override
    public void read(long firstRow, long count, MemorySegment target) {
      long from = firstRow * dim() * Short.BYTES;
      VectorMath.best().f16ToF32(values.segment(), from, target, 0, count * dim());
    }
  }
}
