package dev.eigenseg.graph.vector;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import java.util.Optional;

/**
 * Memory for the large tables of a search, in huge pages where Linux has them ({@code madvise}) and
 * this module may call native code; otherwise as an arena gives it. A table that is written all
 * over costs a page fault for every page, and an entry of the processor's page cache afterwards.
 */
@SuppressWarnings("restricted") // three functions of the C library
public final class LargeMemory {
  private static final long HUGE_PAGE = 2L << 20;
  private static final int MADV_HUGEPAGE = 14; // of <sys/mman.h>, the same on every architecture
  private static final Optional<LargeMemory> HUGE =
      LargeMemory.class.getModule().isNativeAccessEnabled()
              && System.getProperty("os.name").equals("Linux")
          ? find()
          : Optional.empty();

  private final MethodHandle alignedAlloc;
  private final MethodHandle madvise;
  private final MethodHandle free;

  private LargeMemory(MethodHandle alignedAlloc, MethodHandle madvise, MethodHandle free) {
    this.alignedAlloc = alignedAlloc;
    this.madvise = madvise;
    this.free = free;
  }

  private static Optional<LargeMemory> find() {
    FunctionDescriptor allocating = FunctionDescriptor.of(ADDRESS, JAVA_LONG, JAVA_LONG);
    FunctionDescriptor advising = FunctionDescriptor.of(JAVA_INT, ADDRESS, JAVA_LONG, JAVA_INT);
    FunctionDescriptor freeing = FunctionDescriptor.ofVoid(ADDRESS);
    return function("aligned_alloc", allocating)
        .flatMap(allocate ->
            function("madvise", advising)
                .flatMap(advise ->
                    function("free", freeing)
                        .map(free -> new LargeMemory(allocate, advise, free))));
  }

  private static Optional<MethodHandle> function(String name, FunctionDescriptor type) {
    Linker linker = Linker.nativeLinker();
    return linker.defaultLookup().find(name).map(address -> linker.downcallHandle(address, type));
  }

  /**
   * Allocates bytes whose content is undefined, freed with the arena.
   *
   * @throws OutOfMemoryError if there are not so many
   */
  public static MemorySegment allocate(Arena arena, long bytes) {
    if (bytes < HUGE_PAGE || HUGE.isEmpty()) {
      return arena.allocate(bytes, 64);
    }
    return HUGE.get().allocateHuge(arena, bytes);
  }

  private MemorySegment allocateHuge(Arena arena, long bytes) {
    long whole = Math.ceilDiv(bytes, HUGE_PAGE) * HUGE_PAGE;
    try {
      MemorySegment memory = (MemorySegment) alignedAlloc.invokeExact(HUGE_PAGE, whole);
      if (memory.address() == 0) {
        throw new OutOfMemoryError("cannot allocate %,d bytes outside the heap".formatted(whole));
      }
      int _ = (int) madvise.invokeExact(memory, whole, MADV_HUGEPAGE); // a wish, may be refused
      return memory.reinterpret(bytes, arena, this::release);
    } catch (Error | RuntimeException e) {
      throw e;
    } catch (Throwable e) {
      throw new IllegalStateException(e); // native functions throw nothing
    }
  }

  private void release(MemorySegment memory) {
    try {
      free.invokeExact(memory);
    } catch (Error | RuntimeException e) {
      throw e;
    } catch (Throwable e) {
      throw new IllegalStateException(e);
    }
  }
}
