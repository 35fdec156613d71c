package dev.eigenseg.graph.faiss;

import dev.eigenseg.api.UnavailableException;
import dev.eigenseg.api.internal.file.Hashes;
import dev.eigenseg.api.spi.Availability;
import java.io.IOException;
import java.io.InputStream;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.net.URL;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Locale;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Finds the native library and loads it once: the file that the property {@code
 * eigenseg.faiss.library} names, or the resource of the platform's jar, which is unpacked to the
 * user's cache under a temporary name, compared with its size and hash, and moved into place.
 */
final class FaissNatives {
  /** Names a library file to load in place of the packaged one. */
  static final String PROPERTY = "eigenseg.faiss.library";

  private static final String NAME = "libeigenseg-faiss.so";
  private static final Pattern VERSION = Pattern.compile("(\\d+)\\.(\\d+)\\..*");

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
    return resource().isPresent()
        ? Availability.YES
        : Availability.no(
            "there is no native library for %s; add the jar eigenseg-graph with this classifier, or build it where FAISS is installed (apt-get install libfaiss-dev libopenblas0-pthread cmake g++) and name it with -D%s=FILE"
                .formatted(platform(), PROPERTY));
  }

  /**
   * Loads the library, once.
   *
   * @throws UnavailableException if it cannot be loaded, is of another version, or multiplies as
   *     slowly as a reference BLAS; asked again, it says the same
   */
  static synchronized void require() {
    if (failure.isPresent()) {
      throw new UnavailableException("engine faiss: " + failure.get());
    }
    if (loaded) {
      return;
    }
    try {
      load();
      checkVersion(FaissLibrary.version());
      checkSpeed(fastestProduct());
      loaded = true;
    } catch (IOException | UnsatisfiedLinkError | IllegalCallerException e) {
      failure =
          Optional.of(
              "its native library cannot be loaded: %s; are libopenblas0 and libgomp1 installed, and was java started with --enable-native-access=dev.eigenseg.graph (on the class path ALL-UNNAMED)?"
                  .formatted(e.getMessage()));
      throw new UnavailableException("engine faiss: " + failure.get(), e);
    } catch (UnavailableException e) {
      failure = Optional.of(e.getMessage());
      throw e;
    }
  }

  @SuppressWarnings("restricted") // the one place where native code comes in
  private static void load() throws IOException {
    String named = System.getProperty(PROPERTY);
    Path library = named == null ? unpack(resource().orElseThrow()) : Path.of(named);
    System.load(library.toAbsolutePath().toString());
  }

  /** The classifier of this platform's jar. */
  static String platform() {
    String os = System.getProperty("os.name").toLowerCase(Locale.ROOT).replaceAll("\\W.*", "");
    String arch =
        System.getProperty("os.arch").equals("amd64") ? "x86_64" : System.getProperty("os.arch");
    return os + "-" + arch;
  }

  // META-INF is no package, so the resource can be found on the module path and on the class path.
  private static Optional<URL> resource() {
    String path = "META-INF/eigenseg/native/%s/%s".formatted(platform(), NAME);
    return Optional.ofNullable(ClassLoader.getSystemResource(path))
        .or(() -> Optional.ofNullable(FaissNatives.class.getResource("/" + path)));
  }

  private static Path unpack(URL library) throws IOException {
    String[] expected = read(checksumOf(library)).strip().split(" ");
    long bytes = Long.parseLong(expected[0]);
    String sha256 = expected[1];
    Path folder = Path.of(System.getProperty("user.home"), ".cache", "eigenseg", "native");
    Path target = folder.resolve(sha256.substring(0, 16) + "-" + NAME);
    if (Files.exists(target) && matches(target, bytes, sha256)) {
      return target;
    }
    Files.createDirectories(folder);
    Path temporary = Files.createTempFile(folder, "unpack-", ".tmp");
    try {
      try (InputStream in = library.openStream()) {
        Files.copy(in, temporary, StandardCopyOption.REPLACE_EXISTING);
      }
      if (!matches(temporary, bytes, sha256)) {
        throw new IOException(
            "%s is damaged: expected %d bytes with SHA-256 %s, found %d with %s"
                .formatted(
                    library, bytes, sha256, Files.size(temporary), Hashes.sha256(temporary)));
      }
      Files.move(temporary, target, StandardCopyOption.ATOMIC_MOVE);
    } finally {
      Files.deleteIfExists(temporary);
    }
    return target;
  }

  private static URL checksumOf(URL library) throws IOException {
    return java.net.URI.create(library + ".sha256").toURL();
  }

  private static String read(URL resource) throws IOException {
    try (InputStream in = resource.openStream()) {
      return new String(in.readAllBytes(), StandardCharsets.US_ASCII);
    }
  }

  private static boolean matches(Path file, long bytes, String sha256) throws IOException {
    return Files.size(file) == bytes && Hashes.sha256(file).equals(sha256);
  }

  static void checkVersion(String version) {
    Matcher parts = VERSION.matcher(version);
    if (!parts.matches()
        || Integer.parseInt(parts.group(1)) != MAJOR
        || Integer.parseInt(parts.group(2)) < FIRST_MINOR) {
      throw new UnavailableException(
          "engine faiss: the library was built with FAISS %s, expected %d.%d or a later %d.x; build it again with one of these"
              .formatted(version, MAJOR, FIRST_MINOR, MAJOR));
    }
  }

  static void checkSpeed(double flopsPerSecond) {
    if (flopsPerSecond < SLOWEST) {
      throw new UnavailableException(
          "engine faiss: its BLAS (%s) computes %.1f GFLOP/s, as a reference BLAS does, over forty times slower than OpenBLAS; apt-get install libopenblas0-pthread, and check with ldd which libblas or libopenblas is bound"
              .formatted(FaissLibrary.blas(), flopsPerSecond / 1e9));
    }
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
