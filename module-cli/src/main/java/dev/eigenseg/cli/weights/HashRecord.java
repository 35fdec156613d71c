package dev.eigenseg.cli.weights;

import dev.eigenseg.api.internal.file.AtomicFile;
import dev.eigenseg.api.internal.file.RegularFile;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The hash that a file had when it was pulled: {@code FILE.sha256} beside it, as {@code sha256sum}
 * writes and checks it.
 */
final class HashRecord {
  private static final Pattern LINE = Pattern.compile("([0-9a-f]{64}) [ *].*\\R?");

  private HashRecord() {}

  static Path file(Path weights) {
    return weights.resolveSibling(weights.getFileName() + ".sha256");
  }

  static void write(Path weights, String sha256) throws IOException {
    AtomicFile.writeString(file(weights), sha256 + "  " + weights.getFileName() + "\n");
  }

  /** The recorded hash; empty if there is none. */
  static Optional<String> read(Path weights) throws IOException {
    if (!Files.exists(file(weights))) {
      return Optional.empty();
    }
    Matcher matcher = LINE.matcher(RegularFile.text(file(weights)));
    return matcher.matches() ? Optional.of(matcher.group(1)) : Optional.empty();
  }
}
