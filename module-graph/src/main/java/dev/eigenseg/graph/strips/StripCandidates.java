package dev.eigenseg.graph.strips;

import dev.eigenseg.api.Progress;
import dev.eigenseg.api.internal.kernel.Parallel;
import dev.eigenseg.graph.rows.Candidates;
import dev.eigenseg.graph.rows.NeighborLists;
import dev.eigenseg.graph.rows.RowRange;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/** Owns the candidates of a strip while they are in memory; a row's place is that in the strip. */
public final class StripCandidates implements AutoCloseable {
  private final RowRange range;
  private final Size size;
  private final Progress progress;
  private final Candidates candidates;

  /**
   * How candidates are kept.
   *
   * @param k neighbours of a row
   * @param capacity candidates that a row holds before the worst are dropped
   * @param threads that load and save
   * @param ordered whether the lists in the store are in order: otherwise whoever reads them at
   *     last puts them in order, and saving is cheaper
   */
  public record Size(int k, int capacity, int threads, boolean ordered) {}

  /** Room for the candidates of a strip, none so far. */
  public StripCandidates(RowRange range, Size size, Progress progress) {
    this.range = range;
    this.size = size;
    this.progress = progress;
    this.candidates = new Candidates(range.count(), size.k(), size.capacity());
  }

  /** The candidates that a store has. */
  static StripCandidates load(RowRange range, Size size, CandidateStore store, Progress progress) {
    StripCandidates strip = new StripCandidates(range, size, progress);
    try {
      strip.forEachChunk(chunk -> chunk.load(store));
      return strip;
    } catch (RuntimeException | Error e) {
      strip.close();
      throw e;
    }
  }

  /** The strip's rows. */
  public RowRange range() {
    return range;
  }

  /** Their candidates. */
  public Candidates candidates() {
    return candidates;
  }

  /** Writes the best; {@code units} as for {@link CandidateStore#write}. */
  void save(CandidateStore store, long units) {
    forEachChunk(chunk -> chunk.save(store, units));
  }

  private interface ChunkWork {
    void on(Chunk chunk) throws IOException;
  }

  private void forEachChunk(ChunkWork work) {
    int most = CandidateStore.chunkRows(size.k());
    Parallel.forEach(
        size.threads(),
        Math.ceilDiv(range.count(), most),
        index -> {
          progress.checkCancelled();
          int count = (int) Math.min(most, range.count() - index * most);
          try (Arena memory = Arena.ofConfined()) {
            long bytes = (long) count * size.k() * Integer.BYTES;
            work.on(
                new Chunk(
                    (int) (index * most),
                    count,
                    memory.allocate(bytes, 64),
                    memory.allocate(bytes, 64)));
          } catch (IOException e) {
            throw new UncheckedIOException(e);
          }
        });
  }

  /** Some rows of a strip on their way between memory and store. */
  private final class Chunk {
    private final int place;
    private final int count;
    private final MemorySegment ids;
    private final MemorySegment similarities;

    Chunk(int place, int count, MemorySegment ids, MemorySegment similarities) {
      this.place = place;
      this.count = count;
      this.ids = ids;
      this.similarities = similarities;
    }

    void load(CandidateStore store) throws IOException {
      store.read(range.first() + place, count, ids, similarities);
      for (int row = 0; row < count; row++) {
        candidates.load(place + row, row, ids, similarities);
      }
    }

    void save(CandidateStore store, long units) throws IOException {
      long[] scratch = new long[size.capacity()];
      NeighborLists lists = new NeighborLists(ids, similarities, size.k());
      for (int row = 0; row < count; row++) {
        if (size.ordered()) {
          candidates.write(place + row, row, lists, scratch);
        } else {
          candidates.writeUnordered(place + row, row, lists, scratch);
        }
      }
      store.write(range.first() + place, count, ids, similarities, units);
    }
  }

  @Override
  public void close() {
    candidates.close();
  }
}
