package dev.eigenseg.graph.blas;

import dev.eigenseg.api.spi.Availability;
import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Where a BLAS is: the file that a property names, else OpenBLAS, else the libtorch of DJL.
 *
 * @param path the library, if there is one
 * @param availability why there is none
 */
record BlasFile(Optional<Path> path, Availability availability) {
  /** Names the library file. */
  static final String PROPERTY = "eigenseg.blas.library";

  private static final List<String> OPENBLAS = List.of("libopenblas.so.0", "libopenblas.so");
  private static final String TORCH = "libtorch_cpu.so";

  /** Looks for it; nothing is loaded. */
  static BlasFile find() {
    String named = System.getProperty(PROPERTY);
    if (named != null) {
      Path file = Path.of(named);
      return Files.isRegularFile(file)
          ? of(file)
          : none(
              "%s names %s, which is no file; correct it or leave it out"
                  .formatted(PROPERTY, named));
    }
    return openBlas()
        .or(BlasFile::torch)
        .map(BlasFile::of)
        .orElseGet(() ->
            none(
                "there is no BLAS: neither OpenBLAS (apt-get install libopenblas0-pthread) nor"
                    + " the libtorch of DJL was found; name the library with -D%s=FILE"
                        .formatted(PROPERTY)));
  }

  private static BlasFile of(Path file) {
    return new BlasFile(Optional.of(file), Availability.YES);
  }

  private static BlasFile none(String reason) {
    return new BlasFile(Optional.empty(), Availability.no(reason));
  }

  private static Optional<Path> openBlas() {
    return folders().stream()
        .flatMap(folder -> OPENBLAS.stream().map(folder::resolve))
        .filter(Files::isRegularFile)
        .findFirst();
  }

  // What the JVM and the loader search, and where distributions keep variants of a library.
  private static List<Path> folders() {
    List<Path> folders = new ArrayList<>();
    for (String folder : System.getProperty("java.library.path", "").split(File.pathSeparator)) {
      folders.add(Path.of(folder));
    }
    String triplet = System.getProperty("os.arch").equals("aarch64") ? "aarch64" : "x86_64";
    Path debian = Path.of("/usr/lib/" + triplet + "-linux-gnu");
    folders.add(debian.resolve("openblas-pthread"));
    folders.add(debian);
    folders.add(Path.of("/usr/local/lib"));
    folders.add(Path.of("/opt/OpenBLAS/lib"));
    return folders;
  }

  private static Optional<Path> torch() {
    Path versions = djlCache().resolve("pytorch");
    if (!Files.isDirectory(versions)) {
      return Optional.empty();
    }
    try (DirectoryStream<Path> unpacked = Files.newDirectoryStream(versions)) {
      for (Path version : unpacked) {
        if (Files.isRegularFile(version.resolve(TORCH))) {
          return Optional.of(version.resolve(TORCH));
        }
      }
      return Optional.empty();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static Path djlCache() {
    String folder = System.getProperty("ENGINE_CACHE_DIR", System.getenv("ENGINE_CACHE_DIR"));
    return folder != null ? Path.of(folder) : Path.of(System.getProperty("user.home"), ".djl.ai");
  }
}
