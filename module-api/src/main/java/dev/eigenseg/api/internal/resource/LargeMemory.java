package dev.eigenseg.api.internal.resource;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.invoke.MethodHandle;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;

/**
 * Memory for the large tables of a search and for weights, in huge pages where Linux has them
 * ({@code madvise}) and this module may call native code; otherwise as an arena gives it. A table
 * that is written all over costs a page fault for every page, and the processor's table of pages
 * misses afterwards.
 */
public final class LargeMemory {
  private static final long HUGE_PAGE = 2L << 20;
  private static final Optional<String> REFUSAL = look();

  private LargeMemory() {}

  /** Functions of the C library. */
  private record Libc(MethodHandle alignedAlloc, MethodHandle madvise, MethodHandle free) {
    static final int MADV_HUGEPAGE = 14; // of <sys/mman.h>, the same on every architecture

    static Libc of(SymbolLookup library) {
      return new Libc(
          NativeFunctions.require(
              library, "aligned_alloc", FunctionDescriptor.of(ADDRESS, JAVA_LONG, JAVA_LONG)),
          NativeFunctions.require(
              library, "madvise", FunctionDescriptor.of(JAVA_INT, ADDRESS, JAVA_LONG, JAVA_INT)),
          NativeFunctions.require(library, "free", FunctionDescriptor.ofVoid(ADDRESS)));
    }
  }

  /** The functions; apart, since looking them up may fail. */
  private static final class Loaded {
    static final Libc LIBC = Libc.of(NativeFunctions.standard());
  }

  private static Optional<String> look() {
    if (!System.getProperty("os.name").equals("Linux")) {
      return Optional.of("they are asked for on Linux alone");
    }
    if (!LargeMemory.class.getModule().isNativeAccessEnabled()) {
      return Optional.of(
          "start java with --enable-native-access=dev.eigenseg.api (on the class path"
              + " ALL-UNNAMED)");
    }
    try {
      Objects.requireNonNull(Loaded.LIBC);
      return Optional.empty();
    } catch (LinkageError | OutOfMemoryError e) {
      return Optional.of(
          "the C library cannot be asked for them: " + Objects.requireNonNullElse(e.getCause(), e));
    }
  }

  /** Why no huge pages are asked for; empty if they are. */
  public static Optional<String> refusal() {
    return REFUSAL;
  }

  /**
   * Allocates bytes whose content is undefined, freed with the arena.
   *
   * @throws OutOfMemoryError if there are not so many
   */
  public static MemorySegment allocate(Arena arena, long bytes) {
    return REFUSAL.isEmpty() && bytes >= HUGE_PAGE
        ? allocateHuge(arena, bytes)
        : arena.allocate(bytes, 64);
  }

  @SuppressWarnings("restricted") // memory of the C library's has no arena
  private static MemorySegment allocateHuge(Arena arena, long bytes) {
    long whole = Math.ceilDiv(bytes, HUGE_PAGE) * HUGE_PAGE;
    Libc libc = Loaded.LIBC;
    Freeing freeing = new Freeing(new AtomicBoolean());
    MemorySegment memory = MemorySegment.NULL;
    try {
      memory = (MemorySegment) libc.alignedAlloc.invokeExact(HUGE_PAGE, whole);
      if (memory.address() == 0) {
        throw new OutOfMemoryError("cannot allocate %,d bytes outside the heap".formatted(whole));
      }
      // A wish, which may be refused.
      int _ = (int) libc.madvise.invokeExact(memory, whole, Libc.MADV_HUGEPAGE);
      return memory.reinterpret(bytes, arena, freeing);
    } catch (Throwable e) {
      freeing.accept(memory);
      throw NativeFunctions.failure(e);
    }
  }

  /** Frees memory once, whoever asks: the arena, or a call that failed on the way to it. */
  private record Freeing(AtomicBoolean done) implements Consumer<MemorySegment> {
    @Override
    public void accept(MemorySegment memory) {
      if (done.compareAndSet(false, true)) {
        try {
          Loaded.LIBC.free.invokeExact(memory);
        } catch (Throwable e) {
          throw NativeFunctions.failure(e);
        }
      }
    }
  }
}
