package dev.eigenseg.graph.blas;

import dev.eigenseg.api.UnavailableException;
import dev.eigenseg.api.internal.resource.NativeFunctions;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.invoke.MethodHandle;
import java.nio.file.Path;
import java.util.Optional;

/**
 * Owns a loaded BLAS, as long as the process lives: threads of the library may run at any time.
 * Thread-safe.
 */
final class BlasLibrary {
  private static final long LONGEST_TEXT = 1024;

  private static Optional<BlasLibrary> loaded = Optional.empty();

  private final Path file;

  @SuppressWarnings({"unused", "FieldCanBeLocal"}) // the library is unloaded with it
  private final Arena arena;

  private final BlasFunctions functions;
  private int users;
  private int threadsBefore;

  private BlasLibrary(Path file, Arena arena, BlasFunctions functions) {
    this.file = file;
    this.arena = arena;
    this.functions = functions;
  }

  /**
   * The library, loaded when it is first asked for.
   *
   * @throws UnavailableException if there is none, it cannot be loaded, or it has no {@code sgemm_}
   */
  static synchronized BlasLibrary get() {
    if (loaded.isEmpty()) {
      BlasFile found = BlasFile.find();
      loaded =
          Optional.of(
              load(
                  found
                      .path()
                      .orElseThrow(() ->
                          new UnavailableException(
                              String.join("; ", found.availability().reasons())))));
    }
    return loaded.get();
  }

  private static BlasLibrary load(Path file) {
    Arena arena = Arena.ofShared();
    try {
      return new BlasLibrary(file, arena, functions(file, arena));
    } catch (RuntimeException | Error e) {
      arena.close();
      throw e;
    }
  }

  @SuppressWarnings("restricted") // a native library is what this is about
  private static BlasFunctions functions(Path file, Arena arena) {
    SymbolLookup symbols;
    try {
      symbols = SymbolLookup.libraryLookup(file, arena);
    } catch (IllegalArgumentException e) {
      throw new UnavailableException(
          "engine blas: %s cannot be loaded (%s)".formatted(file, e.getMessage()));
    }
    return BlasFunctions.of(symbols)
        .orElseThrow(() ->
            new UnavailableException(
                "engine blas: %s is no BLAS, it has no function sgemm_; name another with -D%s=FILE"
                    .formatted(file, BlasFile.PROPERTY)));
  }

  /** What the library says of itself, and where it is. */
  @SuppressWarnings("restricted") // its text has no length
  String details() {
    Optional<MethodHandle> config = functions.config();
    if (config.isEmpty()) {
      return "the BLAS of " + file;
    }
    try {
      MemorySegment text = (MemorySegment) config.get().invokeExact();
      return text.reinterpret(LONGEST_TEXT).getString(0) + ", " + file;
    } catch (Throwable e) {
      throw NativeFunctions.failure(e);
    }
  }

  /** {@code sgemm_}: its 13 arguments in Fortran's order, all by reference. */
  void sgemm(MemorySegment... arguments) {
    try {
      functions.sgemm().invokeExact(arguments);
    } catch (Throwable e) {
      throw NativeFunctions.failure(e);
    }
  }

  /** Makes the products of this thread run on it alone, until it {@link #leave}s. */
  void enter() {
    if (functions.setThreadsOfThread().isPresent()) {
      callInt(functions.setThreadsOfThread().get(), 1);
      return;
    }
    // OpenBLAS has one number for the whole process.
    synchronized (this) {
      if (users == 0 && functions.threads().isPresent()) {
        threadsBefore = callInt(functions.threads().get());
        call(functions.setThreads().orElseThrow(), 1);
      }
      users++;
    }
  }

  /** Undoes {@link #enter}. */
  void leave() {
    if (functions.setThreadsOfThread().isPresent()) {
      callInt(functions.setThreadsOfThread().get(), 0); // as many as the process is to have
      return;
    }
    synchronized (this) {
      if (--users == 0 && functions.threads().isPresent()) {
        call(functions.setThreads().orElseThrow(), threadsBefore);
      }
    }
  }

  private static int callInt(MethodHandle function, int value) {
    try {
      return (int) function.invokeExact(value);
    } catch (Throwable e) {
      throw NativeFunctions.failure(e);
    }
  }

  private static int callInt(MethodHandle function) {
    try {
      return (int) function.invokeExact();
    } catch (Throwable e) {
      throw NativeFunctions.failure(e);
    }
  }

  private static void call(MethodHandle function, int value) {
    try {
      function.invokeExact(value);
    } catch (Throwable e) {
      throw NativeFunctions.failure(e);
    }
  }
}
