package dev.eigenseg.graph.ivf;

import dev.eigenseg.api.internal.kernel.Parallel;
import dev.eigenseg.api.tensor.DType;
import dev.eigenseg.api.tensor.FeatureRows;
import dev.eigenseg.api.tensor.Tensor;
import dev.eigenseg.graph.rows.PreparedRows;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.Optional;
import java.util.function.LongUnaryOperator;

/** Owns float32 rows that are written in any order, then read: in memory or in a file. */
final class RowTable implements AutoCloseable {
  private static final int READ_ROWS = 512;

  private final long rows;
  private final int dim;
  private final Optional<Tensor> memory;
  private final Optional<ScratchFile> file;

  /**
   * A table whose rows are undefined.
   *
   * @param scratch the file, deleted on closing; otherwise in memory
   */
  RowTable(long rows, int dim, Optional<Path> scratch) throws IOException {
    this.rows = rows;
    this.dim = dim;
    this.memory =
        scratch.isPresent() ? Optional.empty() : Optional.of(Tensor.allocate(DType.F32, rows, dim));
    this.file =
        scratch.isPresent() ? Optional.of(new ScratchFile(scratch.get())) : Optional.empty();
  }

  /**
   * Takes some of all rows, which are read in blocks: a row by itself would be a mapping of its
   * own.
   *
   * @param source divided by their norms
   * @param chosen the row that is taken as number i, rising
   * @param before how many rows before a row are taken
   */
  void gather(
      PreparedRows source,
      LongUnaryOperator chosen,
      LongUnaryOperator before,
      int threads,
      Runnable checkCancelled) {
    Parallel.forEach(
        threads,
        Math.ceilDiv(source.rows(), READ_ROWS),
        block -> {
          checkCancelled.run();
          long first = block * READ_ROWS;
          long end = Math.min(first + READ_ROWS, source.rows());
          long taken = before.applyAsLong(first);
          long behind = Math.min(rows, before.applyAsLong(end));
          if (taken >= behind) {
            return;
          }
          try (Arena arena = Arena.ofConfined()) {
            MemorySegment dense = arena.allocate((end - first) * rowBytes(), 64);
            source.read(first, end - first, dense);
            for (; taken < behind; taken++) {
              write(taken, 1, dense, (chosen.applyAsLong(taken) - first) * rowBytes());
            }
          }
        });
  }

  /** Writes rows. */
  void write(long row, long count, MemorySegment source, long offset) {
    long bytes = count * rowBytes();
    if (memory.isPresent()) {
      MemorySegment.copy(source, offset, memory.get().segment(), row * rowBytes(), bytes);
    } else {
      file.orElseThrow().write(source.asSlice(offset, bytes), row * rowBytes());
    }
  }

  /** Reads rows. */
  void read(long row, long count, MemorySegment target) {
    long bytes = count * rowBytes();
    if (memory.isPresent()) {
      MemorySegment.copy(memory.get().segment(), row * rowBytes(), target, 0, bytes);
    } else {
      file.orElseThrow().read(target.asSlice(0, bytes), row * rowBytes());
    }
  }

  long rows() {
    return rows;
  }

  private long rowBytes() {
    return (long) dim * Float.BYTES;
  }

  /** Some of the rows, borrowed. */
  FeatureRows slice(long first, long count) {
    return new FeatureRows() {
      @Override
      public long rows() {
        return count;
      }

      @Override
      public int dim() {
        return dim;
      }

      @Override
      public void read(long firstRow, long some, MemorySegment target) {
        RowTable.this.read(first + firstRow, some, target);
      }
    };
  }

  @Override
  public void close() {
    memory.ifPresent(Tensor::close);
    file.ifPresent(ScratchFile::close);
  }
}
