package dev.eigenseg.graph;

import com.google.gson.Gson;
import dev.eigenseg.api.Progress;
import dev.eigenseg.api.Provenance;
import dev.eigenseg.api.bank.FeatureRows;
import dev.eigenseg.api.spi.KnnEngine;
import dev.eigenseg.api.tensor.Tensor;
import java.io.File;
import java.io.IOException;
import java.net.URI;
import java.net.URISyntaxException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;

/** Builds a graph in a process of its own, which prints a byte for every tile. */
final class KillableBuild {
  static final Provenance PROVENANCE =
      Provenance.here("graph", Map.of("engine", "vector"), Map.of("bank", "ab"), 0, "cpu");
  private static final int ROWS = 2500;
  private static final int DIM = 16;
  private static final int K = 9;

  // So many threads make small tiles, some 600 of them, and this memory several strips.
  private static final int THREADS = 8;
  static final long MEMORY = 1_600_000;

  private KillableBuild() {}

  public static void main(String[] arguments) throws IOException {
    build(Path.of(arguments[0]), MEMORY, printing(Long.parseLong(arguments[1])));
  }

  static void build(Path target, long memory, Progress progress) throws IOException {
    try (Tensor features = RandomData.gaussian(new Random(7), ROWS, DIM)) {
      KnnEngine.Request request =
          new KnnEngine.Request(FeatureRows.of(features), K, memory, THREADS);
      new KnnGraphBuilder(KnnEngines.select("vector"), request, PROVENANCE)
          .build(GraphPart.WHOLE, target, false, progress);
    }
  }

  private static Progress printing(long millisecondsOfTile) {
    return (name, total, unit) ->
        amount -> {
          for (long i = 0; i < amount && name.equals("graph"); i++) {
            System.out.print('.');
            System.out.flush();
            sleep(millisecondsOfTile);
          }
        };
  }

  private static void sleep(long milliseconds) {
    try {
      Thread.sleep(milliseconds);
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }

  /**
   * Starts such a process.
   *
   * @param slow so that whoever reads can kill in the middle
   */
  static Process start(Path target, boolean slow, File errors)
      throws IOException, URISyntaxException {
    List<String> places = new ArrayList<>();
    for (Class<?> type :
        List.of(KillableBuild.class, KnnGraph.class, Provenance.class, Gson.class)) {
      places.add(place(type));
    }
    return new ProcessBuilder(
            Path.of(System.getProperty("java.home"), "bin", "java").toString(),
            "-Xmx128m",
            "--add-modules=jdk.incubator.vector",
            "-cp",
            String.join(File.pathSeparator, places),
            KillableBuild.class.getName(),
            target.toString(),
            slow ? "10" : "0")
        .redirectError(errors)
        .start();
  }

  // A test class is patched into its module, so its code source would name the other folder.
  private static String place(Class<?> type) throws URISyntaxException {
    String file = type.getName().replace('.', '/') + ".class";
    String url = type.getResource("/" + file).toString();
    String whole = url.substring(0, url.length() - file.length());
    String place = whole.startsWith("jar:") ? whole.substring(4, whole.length() - 2) : whole;
    return Path.of(new URI(place)).toString();
  }
}
