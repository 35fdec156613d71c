package app.consumer;

import dev.eigenseg.api.Images;
import dev.eigenseg.api.Segmentation;
import dev.eigenseg.api.Segmenter;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * Segments a picture as an application would, then looks around in its own process: which modules
 * were resolved, which classes can be found, which native libraries were mapped.
 *
 * <p>Arguments: model, picture, PNG to write.
 */
public final class Consumer {
  private static final Set<String> MODULES =
      Set.of("app.consumer", "dev.eigenseg.api", "dev.eigenseg.infer", "com.google.gson");
  private static final List<String> ABSENT =
      List.of(
          "ai.djl.engine.Engine",
          "ai.djl.pytorch.jni.PyTorchLibrary",
          "dev.eigenseg.graph.KnnGraph",
          "dev.eigenseg.train.Trainer",
          "dev.eigenseg.cli.Main");

  private Consumer() {}

  public static void main(String[] args) throws IOException {
    // Read before the libraries are listed for the first time: what the JDK itself needs of the
    // system in order to decode a picture is not our doing.
    BufferedImage image = Images.read(Path.of(args[1]));
    Set<String> before = nativeLibraries();
    try (Segmenter segmenter = Segmenter.load(Path.of(args[0]))) {
      Segmentation segments = segmenter.segment(image);
      segments.writeIndexPng(Path.of(args[2]));
      System.out.println(segments.clusters() + " clusters, " + present(segments) + " present");
    }
    checkModules();
    checkClasses();
    checkNativeLibraries(before);
  }

  private static int present(Segmentation segments) {
    Set<Integer> clusters = new TreeSet<>();
    for (int y = 0; y < segments.height(); y++) {
      for (int x = 0; x < segments.width(); x++) {
        clusters.add(segments.clusterAt(x, y));
      }
    }
    return clusters.size();
  }

  /** On the class path there are no modules but the JDK's. */
  private static void checkModules() {
    Set<String> found =
        ModuleLayer.boot().modules().stream()
            .map(Module::getName)
            .filter(name -> !name.startsWith("java.") && !name.startsWith("jdk."))
            .collect(Collectors.toCollection(TreeSet::new));
    Set<String> expected = Consumer.class.getModule().isNamed() ? MODULES : Set.of();
    require(found.equals(expected), "modules " + found + ", expected " + expected);
    System.out.println("modules: " + found);
  }

  private static void checkClasses() {
    for (String name : ABSENT) {
      String resource = name.replace('.', '/') + ".class";
      require(
          ClassLoader.getSystemResource(resource) == null && absent(name),
          name + " is within reach");
    }
  }

  private static boolean absent(String name) {
    try {
      Class.forName(name, false, Consumer.class.getClassLoader());
      return false;
    } catch (ClassNotFoundException e) {
      return true;
    }
  }

  private static void checkNativeLibraries(Set<String> before) throws IOException {
    Set<String> added = nativeLibraries();
    added.removeAll(before);
    String jdk = Path.of(System.getProperty("java.home")).toRealPath().toString();
    added.removeIf(library -> library.startsWith(jdk));
    require(added.isEmpty(), "native libraries " + added);
    System.out.println("native libraries outside the JDK: " + added);
  }

  /** The shared objects that are mapped into this process; none where there is no /proc. */
  private static Set<String> nativeLibraries() throws IOException {
    Path maps = Path.of("/proc/self/maps");
    if (!Files.exists(maps)) {
      return new TreeSet<>();
    }
    try (Stream<String> lines = Files.lines(maps)) {
      return lines
          .filter(line -> line.matches(".*\\.so(\\.[0-9.]+)?( \\(deleted\\))?"))
          .map(line -> line.substring(line.indexOf('/')))
          .collect(Collectors.toCollection(TreeSet::new));
    }
  }

  private static void require(boolean condition, String found) {
    if (!condition) {
      throw new AssertionError("found " + found);
    }
  }
}
