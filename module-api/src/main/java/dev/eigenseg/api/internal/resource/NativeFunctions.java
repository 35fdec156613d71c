package dev.eigenseg.api.internal.resource;

import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.SymbolLookup;
import java.lang.invoke.MethodHandle;
import java.util.NoSuchElementException;
import java.util.Optional;

/**
 * Looks up functions of a native library. Each library that is called through the Foreign Function
 * &amp; Memory API has a record of their handles, and says whether it can be called here, and why
 * not.
 */
public final class NativeFunctions {
  private static final Linker LINKER = Linker.nativeLinker();

  private NativeFunctions() {}

  /** The functions of the C library. */
  static SymbolLookup standard() {
    return LINKER.defaultLookup();
  }

  /** A function, if the library has it. */
  @SuppressWarnings("restricted") // calling native functions is what this is about
  public static Optional<MethodHandle> find(
      SymbolLookup library, String name, FunctionDescriptor type) {
    return library.find(name).map(address -> LINKER.downcallHandle(address, type));
  }

  /**
   * A function that the library has.
   *
   * @throws NoSuchElementException if it has not
   */
  static MethodHandle require(SymbolLookup library, String name, FunctionDescriptor type) {
    return find(library, name, type).orElseThrow(() -> new NoSuchElementException(name));
  }

  /** What to throw for what came out of a handle: native functions throw nothing themselves. */
  public static RuntimeException failure(Throwable e) {
    if (e instanceof Error error) {
      throw error;
    }
    return e instanceof RuntimeException known ? known : new IllegalStateException(e);
  }
}
