package dev.eigenseg.graph;

import dev.eigenseg.api.Progress;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

/** A process that joins all parts in a folder: {@code MergeParts FOLDER TARGET}. */
final class MergeParts {
  private MergeParts() {}

  public static void main(String[] arguments) throws IOException {
    List<Path> parts;
    try (Stream<Path> files = Files.list(Path.of(arguments[0]))) {
      parts = files.toList();
    }
    KnnGraph.merge(parts, Path.of(arguments[1]), Progress.NONE);
  }
}
