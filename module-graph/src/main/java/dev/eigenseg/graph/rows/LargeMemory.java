package dev.eigenseg.graph.rows;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;

/**
 * Memory for the large tables of a search, in huge pages where Linux has them ({@code madvise}) and
 * this module may call native code; otherwise as an arena gives it. A table that is written all
 * over costs a page fault for every page, and the processor's table of pages misses afterwards.
 */
public final class LargeMemory {
  private static final long HUGE_PAGE = 2L << 20;
  private static final boolean HUGE =
      LargeMemory.class.getModule().isNativeAccessEnabled()
          && System.getProperty("os.name").equals("Linux");

  private LargeMemory() {}

  /** The functions of the C library; looked up when they are first needed. */
  @SuppressWarnings("restricted")
  private static final class Libc {
    static final int MADV_HUGEPAGE = 14; // of <sys/mman.h>, the same on every architecture
    static final MethodHandle ALIGNED_ALLOC =
        function("aligned_alloc", FunctionDescriptor.of(ADDRESS, JAVA_LONG, JAVA_LONG));
    static final MethodHandle MADVISE =
        function("madvise", FunctionDescriptor.of(JAVA_INT, ADDRESS, JAVA_LONG, JAVA_INT));
    static final MethodHandle FREE = function("free", FunctionDescriptor.ofVoid(ADDRESS));

    private static MethodHandle function(String name, FunctionDescriptor type) {
      Linker linker = Linker.nativeLinker();
      return linker.downcallHandle(linker.defaultLookup().findOrThrow(name), type);
    }
  }

  /**
   * Allocates bytes whose content is undefined, freed with the arena.
   *
   * @throws OutOfMemoryError if there are not so many
   */
  public static MemorySegment allocate(Arena arena, long bytes) {
    return HUGE && bytes >= HUGE_PAGE ? allocateHuge(arena, bytes) : arena.allocate(bytes, 64);
  }

  @SuppressWarnings("restricted")
  private static MemorySegment allocateHuge(Arena arena, long bytes) {
    long whole = Math.ceilDiv(bytes, HUGE_PAGE) * HUGE_PAGE;
    try {
      MemorySegment memory = (MemorySegment) Libc.ALIGNED_ALLOC.invokeExact(HUGE_PAGE, whole);
      if (memory.address() == 0) {
        throw new OutOfMemoryError("cannot allocate %,d bytes outside the heap".formatted(whole));
      }
      // A wish, which may be refused.
      int _ = (int) Libc.MADVISE.invokeExact(memory, whole, Libc.MADV_HUGEPAGE);
      return owned(memory, bytes, arena);
    } catch (Throwable e) {
      throw failure(e);
    }
  }

  @SuppressWarnings("restricted")
  private static MemorySegment owned(MemorySegment memory, long bytes, Arena arena) {
    try {
      return memory.reinterpret(bytes, arena, LargeMemory::free);
    } catch (RuntimeException e) {
      free(memory); // the arena is closed
      throw e;
    }
  }

  private static void free(MemorySegment memory) {
    try {
      Libc.FREE.invokeExact(memory);
    } catch (Throwable e) {
      throw failure(e);
    }
  }

  // Native functions throw nothing; what comes out of a handle is an error of the JVM.
  private static RuntimeException failure(Throwable e) {
    if (e instanceof Error error) {
      throw error;
    }
    return e instanceof RuntimeException known ? known : new IllegalStateException(e);
  }
}
