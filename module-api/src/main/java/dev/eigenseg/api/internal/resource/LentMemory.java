package dev.eigenseg.api.internal.resource;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;

/**
 * Owns small pieces of memory of one size, for calls too short for an arena each: that would have
 * to be shared (see SimdMath), and closing a shared one stops all threads. There are as many pieces
 * as are ever borrowed at a time, kept as long as the process. Thread-safe.
 */
public final class LentMemory {
  private final Arena arena = Arena.ofShared();
  private final Queue<MemorySegment> idle = new ConcurrentLinkedQueue<>();
  private final long bytes;
  private final long alignment;

  /** Allocates nothing yet. */
  public LentMemory(long bytes, long alignment) {
    this.bytes = bytes;
    this.alignment = alignment;
  }

  /** A piece with what its last borrower left in it. */
  public MemorySegment borrow() {
    MemorySegment piece = idle.poll();
    return piece == null ? arena.allocate(bytes, alignment) : piece;
  }

  /** Takes a piece back, which its borrower does not touch any more. */
  public void giveBack(MemorySegment piece) {
    idle.add(piece);
  }
}
