package dev.eigenseg.infer.vit;

import dev.eigenseg.api.PatchFeatures;
import dev.eigenseg.api.internal.kernel.VectorMath;
import dev.eigenseg.api.internal.resource.Closing;
import dev.eigenseg.api.tensor.DType;
import dev.eigenseg.api.tensor.Tensor;
import dev.eigenseg.infer.layer.Scratch;
import dev.eigenseg.infer.vit.VitConfig.High;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Optional;
import java.util.concurrent.ConcurrentLinkedQueue;

/**
 * One image's way through the network.
 *
 * <p>Tokens are worked on in tiles of rows. Only attention looks beyond a tile, so a block takes
 * one step in which each tile attends to the keys and values of all tokens, passes through the rest
 * of the block and prepares the next block's queries, keys and values, which go into a second
 * buffer. Which thread takes which tile changes nothing.
 */
final class VitPass {
  private final VitNetwork network;
  private final VitConfig config;
  private final VectorMath math;
  private final Tensor pixels;
  private final int threads;
  private final int gridRows;
  private final int gridColumns;
  private final int prefix;
  private final int tokens;
  private final int dim;
  private final long rowBytes;

  VitPass(VitNetwork network, Tensor pixels, int threads) {
    this.network = network;
    this.config = network.config();
    this.math = network.math();
    this.pixels = pixels;
    this.threads = threads;
    gridRows = Math.toIntExact(pixels.size(1) / config.patchSize());
    gridColumns = Math.toIntExact(pixels.size(2) / config.patchSize());
    prefix = config.prefixTokens();
    tokens = Math.addExact(prefix, Math.multiplyExact(gridRows, gridColumns));
    dim = config.dim();
    rowBytes = (long) dim * Float.BYTES;
  }

  PatchFeatures run() {
    long patches = (long) gridRows * gridColumns;
    Tensor low = Tensor.allocate(DType.F32, patches, dim);
    Tensor mid = null;
    Tensor high = null;
    try {
      mid = Tensor.allocate(DType.F32, patches, dim);
      high = Tensor.allocate(DType.F32, patches, dim);
      compute(low.segment(), mid.segment(), high.segment());
      return new PatchFeatures(gridRows, gridColumns, low, mid, high);
    } catch (RuntimeException | Error e) {
      Closing.after(e, low, mid, high);
      throw e;
    }
  }

  private void compute(MemorySegment low, MemorySegment mid, MemorySegment high) {
    TilePlan plan = TilePlan.of(tokens, threads);
    // The last block's attention is not needed for its keys.
    boolean keysEnd = config.high() == High.KEYS && config.midBlock() < config.depth() - 1;
    int steps = config.depth() + (keysEnd ? 0 : 1);
    try (Arena arena = Arena.ofShared()) {
      State state = new State(arena, plan, low, mid, high);
      Steps.run(threads, steps, plan.tiles(), state::step);
    }
  }

  /** The memory of the pass. */
  private final class State {
    private final MemorySegment stream;
    private final AttentionBuffers[] attention = new AttentionBuffers[2];
    private final TilePlan plan;
    private final MemorySegment low;
    private final MemorySegment mid;
    private final MemorySegment high;
    private final Arena arena;
    private final float[] positions;
    private final Optional<Rotation> rotation;
    private final ConcurrentLinkedQueue<TileScratch> idle = new ConcurrentLinkedQueue<>();

    State(Arena arena, TilePlan plan, MemorySegment low, MemorySegment mid, MemorySegment high) {
      this.arena = arena;
      this.plan = plan;
      this.low = low;
      this.mid = mid;
      this.high = high;
      stream = Scratch.floats(arena, tokens, dim);
      positions = network.positions(gridRows, gridColumns);
      rotation = config.rotary().map(rotary -> new Rotation(config, positions));
      attention[0] = new AttentionBuffers(config, tokens, arena);
      attention[1] = new AttentionBuffers(config, tokens, arena);
    }

    /** Step s finishes block s - 1 for a tile and begins block s. */
    void step(int step, int tile) {
      TileScratch scratch = idle.poll();
      if (scratch == null) {
        scratch = new TileScratch(config, plan.rows(), tokens, arena);
      }
      int first = plan.first(tile);
      int rows = plan.count(tile);
      long offset = first * rowBytes;
      if (step == 0) {
        embed(first, rows, scratch);
      } else {
        attention[(step - 1) % 2].attend(math, first, rows, scratch);
        network.block(step - 1).finish(math, stream, offset, rows, scratch);
        emit(step - 1, first, rows, scratch);
      }
      if (step < config.depth()) {
        network.block(step).queriesKeysValues(math, stream, offset, rows, scratch);
        // Keys as features say what a patch is, not where.
        if (step == config.depth() - 1 && config.high() == High.KEYS) {
          emitKeys(first, rows, scratch);
        }
        if (rotation.isPresent()) {
          int from = Math.clamp(prefix - first, 0, rows);
          rotation.get().apply(scratch.wide, first, from, rows);
        }
        attention[step % 2].store(scratch.wide, first, rows);
      }
      idle.add(scratch);
    }

    private void embed(int first, int rows, TileScratch scratch) {
      int side = config.patchSize();
      int begin = Math.max(first, prefix);
      int patchCount = first + rows - begin;
      if (patchCount > 0) {
        long width = (long) gridColumns * side;
        long height = (long) gridRows * side;
        long sideBytes = (long) side * Float.BYTES;
        long to = 0;
        for (int patch = begin - prefix; patch < begin - prefix + patchCount; patch++) {
          long corner =
              (patch / gridColumns * (long) side * width + (long) (patch % gridColumns) * side);
          for (int channel = 0; channel < 3; channel++) {
            for (int y = 0; y < side; y++) {
              long from = (channel * height + y) * width + corner;
              MemorySegment.copy(pixels.segment(), from * Float.BYTES, scratch.wide, to, sideBytes);
              to += sideBytes;
            }
          }
        }
        network.patches().apply(math, scratch.wide, 0, patchCount, stream, begin * rowBytes);
      }
      if (first < prefix) {
        long bytes = (Math.min(prefix, first + rows) - first) * rowBytes;
        MemorySegment.copy(
            network.prefix().segment(), first * rowBytes, stream, first * rowBytes, bytes);
      }
      if (rotation.isEmpty()) {
        MemorySegment.copy(
            positions, first * dim, scratch.normed, ValueLayout.JAVA_FLOAT, 0, rows * dim);
        math.axpy(1, scratch.normed, 0, stream, first * rowBytes, (long) rows * dim);
      }
      network
          .normPre()
          .ifPresent(norm ->
              norm.apply(math, stream, first * rowBytes, rows, stream.asSlice(first * rowBytes)));
    }

    private void emit(int block, int first, int rows, TileScratch scratch) {
      if (block == 0) {
        copyPatches(stream, first * rowBytes, first, rows, low);
      }
      if (block == config.midBlock()) {
        copyPatches(stream, first * rowBytes, first, rows, mid);
      }
      if (block == config.depth() - 1 && config.high() == High.TOKENS) {
        network.norm().apply(math, stream, first * rowBytes, rows, scratch.normed);
        copyPatches(scratch.normed, 0, first, rows, high);
      }
    }

    private void copyPatches(
        MemorySegment source, long offset, int first, int rows, MemorySegment target) {
      int skipped = Math.clamp(prefix - first, 0, rows);
      MemorySegment.copy(
          source,
          offset + skipped * rowBytes,
          target,
          Math.max(0, first - prefix) * rowBytes,
          (rows - skipped) * rowBytes);
    }

    private void emitKeys(int first, int rows, TileScratch scratch) {
      for (int row = 0; row < rows; row++) {
        if (first + row >= prefix) {
          MemorySegment.copy(
              scratch.wide,
              row * 3L * rowBytes + rowBytes,
              high,
              (first + row - prefix) * rowBytes,
              rowBytes);
        }
      }
    }
  }
}
