package dev.eigenseg.spark;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.eigenseg.api.Progress;
import dev.eigenseg.api.Segmentation;
import dev.eigenseg.api.Segmenter;
import dev.eigenseg.api.bank.ExtractOptions;
import dev.eigenseg.api.bank.FeatureBank;
import dev.eigenseg.graph.BankGraph;
import dev.eigenseg.graph.GraphOptions;
import dev.eigenseg.graph.GraphPart;
import dev.eigenseg.train.dataset.FolderDataset;
import dev.eigenseg.train.dataset.GeneratedScenes;
import dev.eigenseg.train.evaluation.Evaluator;
import dev.eigenseg.train.evaluation.Evaluator.EvaluatedModel;
import dev.eigenseg.train.evaluation.Protocol;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ClusterTest {
  private static final int KILLS = Integer.getInteger("eigenseg.spark.kills", 1);

  @TempDir Path folder;

  @Test
  void executorsThatAreKilledCostNoByte() throws Exception {
    assumeTrue(
        ClusterRun.sparkHome().isPresent(),
        "SPARK_HOME names no distribution of Spark, whose scripts start executors");
    Path scenes = folder.resolve("scenes");
    Path images = OnSpark.scenes(scenes, 12);
    Path single = Files.createDirectory(folder.resolve("single"));
    Path bank = OnSpark.bank(single.resolve("bank"), OnSpark.files(images), ExtractOptions.DEFAULT);
    Path model = OnSpark.model(folder.resolve("model.safetensors"), bank, 5);
    try (FeatureBank open = FeatureBank.open(bank)) {
      new BankGraph(open, GraphOptions.DEFAULT)
          .build(
              GraphPart.WHOLE,
              single.resolve("graph.knn"),
              false,
              BankGraph.Listener.NONE,
              Progress.NONE);
    }

    List<String> lines = runCluster();

    for (String stage : List.of("extract", "graph", "segment", "evaluate")) {
      String line = lines.stream().filter(l -> l.startsWith(stage + ": ")).findFirst().orElse("");
      assertTrue(line.matches(stage + ": [1-9]\\d* lost"), String.join("\n", lines));
    }
    assertEquals(OnSpark.content(bank), OnSpark.content(folder.resolve("bank")));
    assertArrayEquals(
        Files.readAllBytes(single.resolve("graph.knn")),
        Files.readAllBytes(folder.resolve("graph.knn")));
    try (Segmenter segmenter = Segmenter.load(model)) {
      for (Path image : OnSpark.files(images)) {
        assertArrayEquals(
            png(segmenter.segment(image)),
            Files.readAllBytes(folder.resolve("masks").resolve(image.getFileName())));
      }
      EvaluateJob.Source source =
          new EvaluateJob.Source(FolderDataset.NAME, scenes.toString(), GeneratedScenes.VAL);
      assertEquals(
          ClusterRun.scores(
              source,
              Evaluator.evaluate(
                  source.open(),
                  Protocol.WHOLE_IMAGE,
                  List.of(new EvaluatedModel("model", segmenter)),
                  1,
                  false,
                  Progress.NONE)),
          Files.readString(folder.resolve("scores.json")));
    }
    assertEquals(
        List.of(
            "bank", "graph.knn", "masks", "model.safetensors", "scenes", "scores.json", "single"),
        OnSpark.files(folder).stream()
            .map(file -> file.getFileName().toString())
            .filter(name -> !name.equals("cluster.log"))
            .toList());
  }

  private static byte[] png(Segmentation segments) throws IOException {
    ByteArrayOutputStream png = new ByteArrayOutputStream();
    segments.writeIndexPng(png);
    return png.toByteArray();
  }

  /** A JVM has one session of Spark's, so this is another one; gives what it prints. */
  private List<String> runCluster() throws Exception {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    ManagementFactory.getRuntimeMXBean().getInputArguments().stream()
        .filter(argument -> argument.startsWith("--"))
        .forEach(command::add);
    command.addAll(
        List.of(
            "-Xmx512m",
            "-cp",
            System.getProperty("java.class.path"),
            ClusterRun.class.getName(),
            folder.toString(),
            Integer.toString(KILLS)));
    Path log = folder.resolve("cluster.log");
    ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true);
    builder.redirectOutput(log.toFile());
    builder.environment().put("JAVA_HOME", System.getProperty("java.home"));
    builder.environment().put("SPARK_SCALA_VERSION", "2.13"); // which Spark's scripts look up
    Process process = builder.start();
    try {
      assertTrue(
          process.waitFor(5, TimeUnit.MINUTES),
          () -> "the cluster did not end; what it said is in " + log);
    } finally {
      process.descendants().forEach(ProcessHandle::destroyForcibly);
      process.destroyForcibly();
    }
    List<String> lines = Files.readAllLines(log);
    assertEquals(0, process.exitValue(), String.join("\n", lines));
    return lines;
  }
}
