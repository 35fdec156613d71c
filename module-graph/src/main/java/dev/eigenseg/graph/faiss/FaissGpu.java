package dev.eigenseg.graph.faiss;

import java.lang.foreign.MemorySegment;
import java.util.OptionalInt;
import java.util.concurrent.atomic.AtomicLong;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Owns what FAISS needs of its own on a CUDA device, and compares tiles there. For one thread. */
final class FaissGpu implements AutoCloseable, TiledSearch.Tile {
  /** The most neighbours that FAISS selects on a GPU. */
  static final int MOST_SELECTED = 2048;

  private static final Pattern CUDA = Pattern.compile("cuda:(\\d{1,3})");

  private final AtomicLong address;
  private final int device;
  private final int dim;

  FaissGpu(int device, int dim) {
    this.address = new AtomicLong(FaissLibrary.newGpu());
    this.device = device;
    this.dim = dim;
  }

  /** The number of a CUDA device, if the name is that of one. */
  static OptionalInt number(String device) {
    Matcher parts = CUDA.matcher(device);
    return parts.matches() ? OptionalInt.of(Integer.parseInt(parts.group(1))) : OptionalInt.empty();
  }

  @Override
  public void search(
      MemorySegment tile,
      long tileRows,
      MemorySegment queries,
      long queryRows,
      int k,
      MemorySegment similarities,
      MemorySegment ids) {
    long open = address.get();
    if (open == 0) {
      throw new IllegalStateException("the FAISS GPU is closed");
    }
    FaissLibrary.searchOnGpu(
        open,
        device,
        dim,
        tile.address(),
        tileRows,
        queries.address(),
        queryRows,
        k,
        similarities.address(),
        ids.address());
  }

  @Override
  public void close() {
    long open = address.getAndSet(0);
    if (open != 0) {
      FaissLibrary.freeGpu(open);
    }
  }
}
