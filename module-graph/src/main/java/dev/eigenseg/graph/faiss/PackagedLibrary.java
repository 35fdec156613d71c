package dev.eigenseg.graph.faiss;

import dev.eigenseg.api.internal.file.Hashes;
import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
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
 * The native library inside the platform's jar, with its size and SHA-256 beside it. The operating
 * system loads files only, so it is unpacked first. Thread-safe, and safe among processes.
 */
final class PackagedLibrary {
  private static final String NAME = "libeigenseg-faiss.so";
  private static final int PREFIX = 16; // digits of the hash that tell builds apart
  private static final Pattern CHECKSUM = Pattern.compile("(\\d{1,18}) ([0-9a-f]{64})");

  private final URL library;
  private final URL checksum;

  private record Checksum(long bytes, String sha256) {
    boolean matches(Path file) throws IOException {
      return Files.size(file) == bytes && Hashes.sha256(file).equals(sha256);
    }
  }

  /**
   * Names a library.
   *
   * @param library the library; beside it, with {@code .sha256} added to the name, lies a line of
   *     its bytes and its SHA-256
   */
  PackagedLibrary(URL library) throws IOException {
    this.library = library;
    this.checksum = URI.create(library + ".sha256").toURL();
  }

  /** This platform's library, if its jar is there. */
  static Optional<URL> find() {
    // META-INF is no package, so it is found on the module path and on the class path.
    String path = "META-INF/eigenseg/native/%s/%s".formatted(platform(), NAME);
    return Optional.ofNullable(ClassLoader.getSystemResource(path))
        .or(() -> Optional.ofNullable(PackagedLibrary.class.getResource("/" + path)));
  }

  /** The classifier of this platform's jar. */
  static String platform() {
    String os = System.getProperty("os.name").toLowerCase(Locale.ROOT).replaceAll("\\W.*", "");
    String arch = System.getProperty("os.arch");
    return os + "-" + (arch.equals("amd64") ? "x86_64" : arch);
  }

  /** Where libraries are unpacked to: the user's cache. */
  static Path cache() {
    return Path.of(System.getProperty("user.home"), ".cache", "eigenseg", "native");
  }

  /**
   * Unpacks the library into a folder, if it is not there, or damaged: under a temporary name that
   * is moved into place only when size and hash are right, so that no other process loads half of
   * it.
   *
   * @return the file
   * @throws IOException if it cannot be written, or the packaged library itself is damaged
   */
  Path unpack(Path folder) throws IOException {
    Checksum expected = readChecksum();
    Path target = folder.resolve(expected.sha256().substring(0, PREFIX) + "-" + NAME);
    if (Files.exists(target) && expected.matches(target)) {
      return target;
    }
    Files.createDirectories(folder);
    Path temporary = Files.createTempFile(folder, "unpack-", ".tmp");
    try {
      try (InputStream in = library.openStream()) {
        Files.copy(in, temporary, StandardCopyOption.REPLACE_EXISTING);
      }
      if (!expected.matches(temporary)) {
        throw new IOException(
            "%s is damaged: expected %d bytes with SHA-256 %s, found %d with %s; get the jar again"
                .formatted(
                    library,
                    expected.bytes(),
                    expected.sha256(),
                    Files.size(temporary),
                    Hashes.sha256(temporary)));
      }
      Files.move(temporary, target, StandardCopyOption.ATOMIC_MOVE);
    } finally {
      Files.deleteIfExists(temporary);
    }
    return target;
  }

  private Checksum readChecksum() throws IOException {
    try (InputStream in = checksum.openStream()) {
      String line = new String(in.readAllBytes(), StandardCharsets.US_ASCII).strip();
      Matcher parts = CHECKSUM.matcher(line);
      if (!parts.matches()) {
        throw new IOException(
            "%s holds \"%s\", expected bytes and SHA-256; get the jar again"
                .formatted(checksum, line));
      }
      return new Checksum(Long.parseLong(parts.group(1)), parts.group(2));
    }
  }
}
