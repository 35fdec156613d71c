package dev.eigenseg.graph.blas;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;

import dev.eigenseg.api.UnavailableException;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.nio.file.Path;
import java.util.Collections;
import java.util.Optional;

/** The functions of a BLAS, which stays loaded as long as the process. Thread-safe. */
@SuppressWarnings("restricted") // a native library is what this is about
final class BlasLibrary {
  private static final Linker LINKER = Linker.nativeLinker();
  private static final int SGEMM_ARGUMENTS = 13;
  private static final long LONGEST_TEXT = 1024;

  private static Optional<BlasLibrary> loaded = Optional.empty();

  private final Path file;
  private final SymbolLookup symbols;
  private final MethodHandle sgemm;
  private final Optional<MethodHandle> setThreadsOfThread;
  private final Optional<MethodHandle> setThreads;
  private final Optional<MethodHandle> threads;
  private int users;
  private int threadsBefore;

  private BlasLibrary(Path file, SymbolLookup symbols, MemorySegment sgemm) {
    this.file = file;
    this.symbols = symbols;
    ValueLayout[] references =
        Collections.nCopies(SGEMM_ARGUMENTS, ADDRESS).toArray(ValueLayout[]::new);
    this.sgemm =
        LINKER
            .downcallHandle(sgemm, FunctionDescriptor.ofVoid(references))
            .asSpreader(MemorySegment[].class, SGEMM_ARGUMENTS);
    this.setThreadsOfThread =
        function("MKL_Set_Num_Threads_Local", FunctionDescriptor.of(JAVA_INT, JAVA_INT));
    this.setThreads = function("openblas_set_num_threads", FunctionDescriptor.ofVoid(JAVA_INT));
    this.threads = function("openblas_get_num_threads", FunctionDescriptor.of(JAVA_INT));
  }

  private Optional<MethodHandle> function(String name, FunctionDescriptor type) {
    return symbols.find(name).map(address -> LINKER.downcallHandle(address, type));
  }

  /**
   * The library, loaded when it is first asked for.
   *
   * @throws UnavailableException if there is none, it cannot be loaded, or it has no {@code sgemm_}
   */
  static synchronized BlasLibrary get() {
    if (loaded.isEmpty()) {
      loaded = Optional.of(load(BlasFile.find()));
    }
    return loaded.get();
  }

  private static BlasLibrary load(Path file) {
    SymbolLookup symbols;
    try {
      symbols = SymbolLookup.libraryLookup(file, Arena.global());
    } catch (IllegalArgumentException e) {
      throw new UnavailableException(
          "engine blas: %s cannot be loaded (%s)".formatted(file, e.getMessage()));
    }
    MemorySegment sgemm =
        symbols
            .find("sgemm_")
            .orElseThrow(() ->
                new UnavailableException(
                    "engine blas: %s is no BLAS, it has no function sgemm_; name another with -D%s=FILE"
                        .formatted(file, BlasFile.PROPERTY)));
    return new BlasLibrary(file, symbols, sgemm);
  }

  /** What the library says of itself, and where it is. */
  String details() {
    Optional<MethodHandle> config = function("openblas_get_config", FunctionDescriptor.of(ADDRESS));
    if (config.isEmpty()) {
      return "the BLAS of " + file;
    }
    try {
      MemorySegment text = (MemorySegment) config.get().invokeExact();
      return text.reinterpret(LONGEST_TEXT).getString(0) + ", " + file;
    } catch (Throwable e) {
      throw failure(e);
    }
  }

  /** {@code sgemm_}: its 13 arguments in Fortran's order, all by reference. */
  void sgemm(MemorySegment... arguments) {
    try {
      sgemm.invokeExact(arguments);
    } catch (Throwable e) {
      throw failure(e);
    }
  }

  /** Makes the products of this thread run on it alone, until it {@link #leave}s. */
  void enter() {
    if (setThreadsOfThread.isPresent()) {
      callInt(setThreadsOfThread.get(), 1);
      return;
    }
    // OpenBLAS has one number for the whole process.
    synchronized (this) {
      if (users++ == 0 && threads.isPresent()) {
        threadsBefore = callInt(threads.get());
        call(setThreads.orElseThrow(), 1);
      }
    }
  }

  /** Undoes {@link #enter}. */
  void leave() {
    if (setThreadsOfThread.isPresent()) {
      callInt(setThreadsOfThread.get(), 0); // as many as the process is to have
      return;
    }
    synchronized (this) {
      if (--users == 0 && threads.isPresent()) {
        call(setThreads.orElseThrow(), threadsBefore);
      }
    }
  }

  private static int callInt(MethodHandle function, int value) {
    try {
      return (int) function.invokeExact(value);
    } catch (Throwable e) {
      throw failure(e);
    }
  }

  private static int callInt(MethodHandle function) {
    try {
      return (int) function.invokeExact();
    } catch (Throwable e) {
      throw failure(e);
    }
  }

  private static void call(MethodHandle function, int value) {
    try {
      function.invokeExact(value);
    } catch (Throwable e) {
      throw failure(e);
    }
  }

  // Native functions throw nothing; what comes out of a handle is an error of the JVM.
  private static RuntimeException failure(Throwable e) {
    if (e instanceof Error error) {
      throw error;
    }
    return new IllegalStateException(e);
  }
}
