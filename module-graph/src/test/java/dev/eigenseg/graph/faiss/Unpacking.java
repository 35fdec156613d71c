package dev.eigenseg.graph.faiss;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;

/** A process that unpacks a library into one folder after the other, while others do the same. */
final class Unpacking {
  private Unpacking() {}

  /**
   * Takes the library, the folder of the folders, how many, a folder to meet in, and the number of
   * processes.
   */
  public static void main(String[] arguments) throws Exception {
    PackagedLibrary library = new PackagedLibrary(Path.of(arguments[0]).toUri().toURL());
    meet(Path.of(arguments[3]), Integer.parseInt(arguments[4]));
    for (int i = 0; i < Integer.parseInt(arguments[2]); i++) {
      library.unpack(Path.of(arguments[1], Integer.toString(i)));
    }
  }

  private static void meet(Path folder, int processes) throws IOException {
    Files.createTempFile(folder, "here", "");
    while (count(folder) < processes) {
      Thread.onSpinWait();
    }
  }

  private static long count(Path folder) throws IOException {
    try (Stream<Path> files = Files.list(folder)) {
      return files.count();
    }
  }
}
