package dev.eigenseg.graph.faiss;

import dev.eigenseg.api.UnavailableException;
import dev.eigenseg.api.spi.Availability;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.net.URL;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Loads the native library once: the file that the property {@code eigenseg.faiss.library} names,
 * or the {@link PackagedLibrary}; then refuses versions and BLAS libraries that will not do.
 */
final class FaissNatives {
  /** Names a library file to load in place of the packaged one. */
  static final String PROPERTY = "eigenseg.faiss.library";

  private static final String ENGINE = "engine faiss: ";
  private static final Pattern VERSION = Pattern.compile("(\\d{1,6})\\.(\\d{1,6})\\..*");

  // What the shim was written for: 1.7.0 brought the signatures that it uses, 2.0 may change them.
  private static final int MAJOR = 1;
  private static final int FIRST_MINOR = 7;

  // The product that tells an optimised BLAS from the reference one: 512^3 take 0.13 s at 2
  // GFLOP/s, which the latter does not exceed, and 10 ms and less with the former.
  private static final int SIDE = 512;
  private static final double SLOWEST = 4e9;
  private static final int TRIALS = 5;

  private static Optional<String> failure = Optional.empty();
  private static boolean loaded;

  private FaissNatives() {}

  /** Whether there is a library for this platform and no attempt to load it has failed. */
  static synchronized Availability availability() {
    if (failure.isPresent()) {
      return Availability.no(failure.get());
    }
    String named = System.getProperty(PROPERTY);
    if (named != null) {
      return Files.isRegularFile(Path.of(named))
          ? Availability.YES
          : Availability.no(
              "%s names %s, which is no file; correct it or leave it out"
                  .formatted(PROPERTY, named));
    }
    return PackagedLibrary.find().isPresent() ? Availability.YES : Availability.no(none());
  }

  private static String none() {
    return ("there is no native library for %s; add the jar eigenseg-graph with this classifier, "
            + "or build it where FAISS is installed (apt-get install libfaiss-dev "
            + "libopenblas0-pthread cmake g++) and name it with -D%s=FILE")
        .formatted(PackagedLibrary.platform(), PROPERTY);
  }

  /**
   * Loads the library, once.
   *
   * @throws UnavailableException if it cannot be loaded, is of another version, or multiplies as
   *     slowly as a reference BLAS; asked again, it says the same
   */
  static synchronized void require() {
    if (!loaded && failure.isEmpty()) {
      failure = load();
      loaded = failure.isEmpty();
    }
    if (failure.isPresent()) {
      throw new UnavailableException(ENGINE + failure.get());
    }
  }

  /** Loads and examines the library; returns why it will not do. */
  private static Optional<String> load() {
    String named = System.getProperty(PROPERTY);
    Optional<URL> packaged = PackagedLibrary.find();
    if (named == null && packaged.isEmpty()) {
      return Optional.of(none());
    }
    try {
      Path library =
          named == null
              ? new PackagedLibrary(packaged.orElseThrow()).unpack(PackagedLibrary.cache())
              : Path.of(named);
      loadFile(library);
    } catch (IOException | UnsatisfiedLinkError | IllegalCallerException e) {
      return Optional.of(
          ("its native library cannot be loaded: %s; are libopenblas0-pthread and libgomp1 "
                  + "installed, and was java started with --enable-native-access=dev.eigenseg.graph "
                  + "(on the class path ALL-UNNAMED)?")
              .formatted(e.getMessage()));
    }
    return versionRefusal(FaissLibrary.version())
        .or(() -> mismatchRefusal(FaissLibrary.version(), FaissLibrary.boundVersion()))
        .or(() -> speedRefusal(FaissLibrary.blas(), fastestProduct()));
  }

  @SuppressWarnings("restricted") // the one place where native code comes in
  private static void loadFile(Path library) {
    System.load(library.toAbsolutePath().toString());
  }

  /** Why a version of FAISS will not do. */
  static Optional<String> versionRefusal(String version) {
    Matcher parts = VERSION.matcher(version);
    if (parts.matches()
        && Integer.parseInt(parts.group(1)) == MAJOR
        && Integer.parseInt(parts.group(2)) >= FIRST_MINOR) {
      return Optional.empty();
    }
    return Optional.of(
        "the library was built with FAISS %s, expected %d.%d or a later %d.x; build it again with one of these"
            .formatted(version, MAJOR, FIRST_MINOR, MAJOR));
  }

  /** Why a library will not do that was compiled for one version of FAISS and runs with another. */
  static Optional<String> mismatchRefusal(String compiled, String bound) {
    if (compiled.equals(bound)) {
      return Optional.empty();
    }
    return Optional.of(
        ("the library was built with the headers of FAISS %s and runs with FAISS %s, whose objects "
                + "may be of other sizes; build it again with headers and library of one version")
            .formatted(compiled, bound));
  }

  /** Why a BLAS that computes so fast will not do. */
  static Optional<String> speedRefusal(String blas, double flopsPerSecond) {
    if (flopsPerSecond >= SLOWEST) {
      return Optional.empty();
    }
    return Optional.of(
        ("its BLAS (%s) computes %.1f GFLOP/s, as a reference BLAS does, expected at least %.0f "
                + "of OpenBLAS; apt-get install libopenblas0-pthread, and check with ldd which "
                + "libblas or libopenblas is bound")
            .formatted(blas, flopsPerSecond / 1e9, SLOWEST / 1e9));
  }

  private static double fastestProduct() {
    long bytes = (long) SIDE * SIDE * Float.BYTES;
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment a = arena.allocate(bytes, 64);
      MemorySegment b = arena.allocate(bytes, 64);
      MemorySegment c = arena.allocate(bytes, 64);
      for (long i = 0; i < (long) SIDE * SIDE; i++) {
        a.setAtIndex(ValueLayout.JAVA_FLOAT, i, (float) (i % 7));
        b.setAtIndex(ValueLayout.JAVA_FLOAT, i, (float) (i % 5));
      }
      long best = Long.MAX_VALUE;
      for (int i = 0; i < TRIALS; i++) {
        long start = System.nanoTime();
        FaissLibrary.multiply(SIDE, a.address(), b.address(), c.address());
        best = Math.min(best, System.nanoTime() - start);
      }
      return 2.0 * SIDE * SIDE * SIDE / (best * 1e-9);
    }
  }
}
