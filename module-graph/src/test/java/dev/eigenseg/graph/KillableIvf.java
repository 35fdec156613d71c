package dev.eigenseg.graph;

import dev.eigenseg.api.BadInputException;
import dev.eigenseg.api.Progress;
import dev.eigenseg.api.spi.KnnEngine;
import dev.eigenseg.api.spi.KnnIndex;
import dev.eigenseg.api.tensor.FeatureRows;
import dev.eigenseg.api.tensor.Tensor;
import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Builds an approximate graph in a process of its own, which prints a byte for every five hundred
 * rows that are sorted and for every block that is joined.
 */
final class KillableIvf {
  private static final int ROWS = 6000;
  private static final int DIM = 12;
  private static final int K = 9;
  private static final int THREADS = 2;
  private static final KnnIndex INDEX = KnnIndex.ivf(80, 6, 1 << 20, false);

  private KillableIvf() {}

  public static void main(String[] arguments) throws IOException {
    build(
        Path.of(arguments[0]),
        Long.parseLong(arguments[1]),
        printing(Long.parseLong(arguments[2])));
  }

  /** Enough for many strips. */
  static long littleMemory(Path folder) throws IOException {
    Path target = folder.resolve("least.knn");
    for (long memory = 1; ; ) {
      try {
        build(target, memory, Progress.NONE);
        Files.delete(target);
        return memory;
      } catch (BadInputException e) {
        Matcher bytes = Pattern.compile("at least ([0-9,]+) bytes").matcher(e.getMessage());
        if (!bytes.find()) {
          throw e;
        }
        memory = Long.parseLong(bytes.group(1).replace(",", ""));
      }
    }
  }

  static void build(Path target, long memory, Progress progress) throws IOException {
    try (Tensor features = RandomData.gaussian(new Random(7), ROWS, DIM)) {
      KnnEngine.Request request =
          new KnnEngine.Request(FeatureRows.of(features), K, memory, THREADS, INDEX);
      new KnnGraphBuilder(KnnEngines.select("vector"), request, KillableBuild.PROVENANCE)
          .build(GraphPart.WHOLE, target, false, progress);
    }
  }

  private static Progress printing(long millisecondsOfDot) {
    return (name, total, unit) ->
        amount -> {
          boolean lists = name.equals("lists");
          for (long i = 0; i < (lists ? 1 : amount) && (lists || name.equals("graph")); i++) {
            System.out.print('.');
            System.out.flush();
            sleep(millisecondsOfDot);
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
  static Process start(Path target, long memory, boolean slow, File errors) throws IOException {
    return ChildJvm.command(
            List.of(),
            List.of("-Xmx128m"),
            KillableIvf.class,
            target.toString(),
            Long.toString(memory),
            slow ? "10" : "0")
        .redirectError(errors)
        .start();
  }
}
