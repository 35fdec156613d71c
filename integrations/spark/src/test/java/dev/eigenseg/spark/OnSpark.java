package dev.eigenseg.spark;

import dev.eigenseg.api.Backbone;
import dev.eigenseg.api.Backbones;
import dev.eigenseg.api.ImageGeometry;
import dev.eigenseg.api.Progress;
import dev.eigenseg.api.bank.ExtractOptions;
import dev.eigenseg.api.bank.Extractor;
import dev.eigenseg.api.bank.FeatureBank;
import dev.eigenseg.graph.kmeans.KMeansOptions;
import dev.eigenseg.train.KMeansTrainer;
import dev.eigenseg.train.dataset.GeneratedScenes;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.apache.spark.sql.SparkSession;

/** A session on two processors that all tests share, and what they work on. */
final class OnSpark {
  private static final int SEED = 3;

  private OnSpark() {}

  /** Two tasks at a time; a task is repeated twice. */
  static SparkSession session() {
    return SparkSession.builder()
        .master("local[2,3]")
        .appName("eigenseg tests")
        .config("spark.ui.enabled", "false")
        .config("spark.driver.bindAddress", "127.0.0.1")
        .config("spark.driver.host", "127.0.0.1")
        .config("spark.sql.shuffle.partitions", "2")
        .getOrCreate();
  }

  /** Writes pictures with labels; gives the folder of the pictures. */
  static Path scenes(Path root, int images) throws IOException {
    GeneratedScenes.write(root, 1, images, new ImageGeometry.Size(96, 64), SEED, 1, Progress.NONE);
    return root.resolve("images").resolve(GeneratedScenes.VAL);
  }

  static List<Path> files(Path folder) throws IOException {
    try (Stream<Path> files = Files.list(folder)) {
      return files.sorted().toList();
    }
  }

  static List<String> paths(Path folder) throws IOException {
    return files(folder).stream().map(Path::toString).toList();
  }

  /** A bank that one machine makes. */
  static Path bank(Path bank, List<Path> images, ExtractOptions options) throws IOException {
    try (Backbone descriptor = Backbones.open("descriptor", "cpu")) {
      Extractor.extract(
          images, descriptor, bank, options.withBackbone("descriptor", "cpu"), Progress.NONE);
    }
    return bank;
  }

  /** A model of a bank. */
  static Path model(Path model, Path bank, int clusters) throws IOException {
    try (FeatureBank open = FeatureBank.open(bank)) {
      KMeansTrainer.features(
          open, KMeansOptions.of(clusters).withThreads(1), model, false, Progress.NONE);
    }
    return model;
  }

  /** All files below a folder with their bytes. */
  static SortedMap<String, String> content(Path folder) throws IOException {
    SortedMap<String, String> content = new TreeMap<>();
    try (Stream<Path> files = Files.walk(folder)) {
      for (Path file : files.filter(Files::isRegularFile).toList()) {
        byte[] bytes = Files.readAllBytes(file);
        content.put(
            folder.relativize(file).toString(), bytes.length + ":" + Arrays.hashCode(bytes));
      }
    }
    return content;
  }
}
