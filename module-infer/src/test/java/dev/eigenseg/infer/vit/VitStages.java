package dev.eigenseg.infer.vit;

import dev.eigenseg.api.internal.kernel.Gemm;
import dev.eigenseg.api.internal.kernel.VectorMath;
import dev.eigenseg.api.tensor.Tensor;
import dev.eigenseg.infer.Fixtures;
import dev.eigenseg.infer.VitModels;
import dev.eigenseg.infer.layer.LayerNorm;
import dev.eigenseg.infer.layer.Linear;
import dev.eigenseg.infer.layer.Scratch;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.function.IntConsumer;

/**
 * Where the time of a block of ViT-S/16 goes: each stage on the 901 tokens of 480 x 480 pixels, in
 * tiles as {@link VitPass} has them, on one thread, beside a product that stays in a first-level
 * cache. The stages take turns; of each the fastest round counts, so that a busy machine changes
 * little.
 *
 * <p>Prints a table in Markdown: milliseconds, multiplications and additions, and what is read and
 * written beside weights, per second, and the share of the product in the cache.
 */
public final class VitStages {
  private static final int TOKENS = 901;
  private static final VitConfig CONFIG = VitModels.timm(384, 12, 24);
  private static final int DIM = CONFIG.dim();
  private static final int WIDE = CONFIG.mlp();
  private static final int HEADS = CONFIG.heads();
  private static final int PATCH = 3 * 16 * 16;
  private static final float EPS = 1e-6f;
  private static final long ROUND_NANOS = 30_000_000;

  private final VectorMath math = VectorMath.best();
  private final TilePlan plan = TilePlan.of(TOKENS, 1);
  private final Arena arena = Arena.ofShared();
  private final MemorySegment tokens = gaussian(TOKENS, DIM);
  private final TileScratch scratch = new TileScratch(CONFIG, plan.rows(), TOKENS, arena);
  private final AttentionBuffers attention = new AttentionBuffers(CONFIG, TOKENS, arena);
  private final List<Stage> stages = new ArrayList<>();

  private VitStages() {
    scratch.normed.copyFrom(tokens.asSlice(0, scratch.normed.byteSize()));
    scratch.wide.copyFrom(gaussian(plan.rows(), WIDE));
    for (int tile = 0; tile < plan.tiles(); tile++) {
      attention.store(scratch.wide, plan.first(tile), plan.count(tile));
    }
  }

  /** Argument: seconds altogether (20). */
  public static void main(String[] args) {
    int seconds = args.length == 0 ? 20 : Integer.parseInt(args[0]);
    VitStages measured = new VitStages();
    try {
      measured.prepare();
      measured.run(seconds * 1_000_000_000L);
    } finally {
      measured.arena.close();
    }
  }

  private void prepare() {
    stages.add(peak());
    layer("patch embedding", PATCH, DIM);
    stages.add(norms());
    layer("qkv product", DIM, 3 * DIM);
    IntConsumer store = tile -> attention.store(scratch.wide, first(tile), rows(tile));
    stages.add(new Stage("queries, keys, values stored", 0, 2L * TOKENS * 3 * DIM, store));
    long scores = (long) HEADS * TOKENS * TOKENS;
    stages.add(new Stage("scores", 2 * scores * CONFIG.headDim(), scores, heads(this::compare)));
    stages.add(new Stage("softmax", 0, 2 * scores, heads(this::soften)));
    stages.add(
        new Stage("scores x values", 2 * scores * CONFIG.headDim(), scores, heads(this::gather)));
    layer("projection", DIM, DIM);
    layer("fc1", DIM, WIDE);
    IntConsumer gelu = tile -> math.gelu(scratch.wide, 0, (long) rows(tile) * WIDE);
    stages.add(new Stage("GELU", 0, 2L * TOKENS * WIDE, gelu));
    layer("fc2", WIDE, DIM);
    stages.add(new Stage("two residuals", 0, 6L * TOKENS * DIM, this::residuals));
  }

  private int first(int tile) {
    return plan.first(tile);
  }

  private int rows(int tile) {
    return plan.count(tile);
  }

  private MemorySegment gaussian(int rows, int columns) {
    try (Tensor tensor = Fixtures.gaussian(new Random(1), 0.3, rows, columns)) {
      return Scratch.copy(tensor, arena);
    }
  }

  private Linear linear(int in, int out) {
    try (Tensor weight = Fixtures.gaussian(new Random(2), 0.05, out, in);
        Tensor bias = Fixtures.gaussian(new Random(3), 0.05, new long[] {out})) {
      return new Linear(weight, bias, arena);
    }
  }

  /** Two row panels by a column panel, packed before: what is read stays in 32 KiB. */
  private Stage peak() {
    int depth = 144;
    int rows = 2 * Gemm.rowPanel();
    int columns = Gemm.columnPanel();
    MemorySegment weights = gaussian(columns, depth);
    MemorySegment panels = arena.allocate(Gemm.packedColumnBytes(columns, depth), 64);
    Gemm.packColumns(weights, 0, columns, depth, panels);
    float[] rowPanels = new float[Gemm.packedRowFloats(rows, depth)];
    Gemm.packRows(weights, 0, rows, depth, rowPanels);
    int times = 500;
    IntConsumer product =
        tile -> {
          for (int i = 0; i < times; i++) {
            Gemm.multiply(rowPanels, rows, panels, columns, depth, scratch.attended, 0, columns);
          }
        };
    long operations = 2L * rows * columns * depth * times * plan.tiles();
    return new Stage("a product in the cache", operations, 0, product);
  }

  private void layer(String name, int in, int out) {
    Linear layer = linear(in, out);
    MemorySegment source = gaussian(plan.rows(), in);
    MemorySegment target = out == DIM ? scratch.attended : scratch.wide;
    IntConsumer work = tile -> layer.apply(math, source, 0, rows(tile), target, 0);
    stages.add(new Stage(name, 2L * TOKENS * in * out, (long) TOKENS * (in + out), work));
  }

  private Stage norms() {
    try (Tensor ones = Fixtures.gaussian(new Random(4), 1, new long[] {DIM})) {
      LayerNorm norm = new LayerNorm(ones, ones, EPS, arena);
      IntConsumer work =
          tile -> {
            long offset = (long) first(tile) * DIM * Float.BYTES;
            norm.apply(math, tokens, offset, rows(tile), scratch.attended);
            norm.apply(math, tokens, offset, rows(tile), scratch.attended);
          };
      return new Stage("two layer norms", 0, 4L * TOKENS * DIM, work);
    }
  }

  private interface OnQueries {
    void run(int head, int first, int row, int count);
  }

  private IntConsumer heads(OnQueries work) {
    return tile -> {
      for (int head = 0; head < HEADS; head++) {
        for (int row = 0; row < rows(tile); row += Gemm.rowPanel()) {
          work.run(head, first(tile), row, Math.min(Gemm.rowPanel(), rows(tile) - row));
        }
      }
    };
  }

  private void compare(int head, int first, int row, int count) {
    attention.compare(head, first + row, count, scratch);
  }

  private void soften(int head, int first, int row, int count) {
    attention.soften(math, count, scratch);
  }

  private void gather(int head, int first, int row, int count) {
    attention.gather(head, row, count, scratch);
  }

  private void residuals(int tile) {
    long count = (long) rows(tile) * DIM;
    long offset = (long) first(tile) * DIM * Float.BYTES;
    math.axpy(1e-9f, scratch.normed, 0, tokens, offset, count);
    math.axpy(1e-9f, scratch.normed, 0, tokens, offset, count);
  }

  private void run(long nanos) {
    long end = System.nanoTime() + nanos;
    while (System.nanoTime() < end) {
      stages.forEach(stage -> stage.round(plan.tiles()));
    }
    double peak = stages.getFirst().flops();
    System.out.println("| stage | ms | GFLOP/s | GB/s | of the product in the cache |");
    System.out.println("| --- | --- | --- | --- | --- |");
    double all = 0;
    double operations = 0;
    for (Stage stage : stages) {
      System.out.println(stage.line(peak));
      boolean ofBlock = stage != stages.getFirst() && !stage.name.equals("patch embedding");
      all += ofBlock ? stage.best : 0;
      operations += ofBlock ? stage.operations : 0;
    }
    System.out.printf(
        "| a block, the sum | %.2f | %.1f | | %.2f |%n",
        all / 1e6, operations / all, operations / all / peak);
  }

  /** A stage and its fastest pass over all tiles. */
  private static final class Stage {
    private final String name;
    private final long operations;
    private final long floats;
    private final IntConsumer work;
    private double best = Double.MAX_VALUE;

    Stage(String name, long operations, long floats, IntConsumer work) {
      this.name = name;
      this.operations = operations;
      this.floats = floats;
      this.work = work;
    }

    void round(int tiles) {
      long end = System.nanoTime() + ROUND_NANOS;
      do {
        long start = System.nanoTime();
        for (int tile = 0; tile < tiles; tile++) {
          work.accept(tile);
        }
        best = Math.min(best, System.nanoTime() - start);
      } while (System.nanoTime() < end);
    }

    double flops() {
      return operations / best;
    }

    String line(double peak) {
      String rate = operations == 0 ? " |" : "%.1f |".formatted(flops());
      String bytes = floats == 0 ? " |" : "%.1f |".formatted(floats * Float.BYTES / best);
      String share = operations == 0 ? " |" : "%.2f |".formatted(flops() / peak);
      return "| %s | %.3f | %s %s %s".formatted(name, best / 1e6, rate, bytes, share);
    }
  }
}
