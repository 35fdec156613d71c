package dev.eigenseg.spark;

import dev.eigenseg.api.SegmentOptions;
import dev.eigenseg.api.bank.ExtractOptions;
import dev.eigenseg.graph.GraphOptions;
import dev.eigenseg.train.dataset.FolderDataset;
import dev.eigenseg.train.dataset.GeneratedScenes;
import dev.eigenseg.train.evaluation.Evaluation;
import dev.eigenseg.train.evaluation.EvaluationReport;
import dev.eigenseg.train.evaluation.Protocol;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.spark.TaskContext;
import org.apache.spark.scheduler.SparkListener;
import org.apache.spark.scheduler.SparkListenerExecutorRemoved;
import org.apache.spark.scheduler.SparkListenerTaskStart;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;

/**
 * All jobs on a cluster of two executors that are processes of their own, some of which are killed
 * while they work, and with tasks that Spark runs twice because they seem slow: {@code ClusterRun
 * FOLDER KILLS}, with {@code scenes} and {@code model.safetensors} in the folder. Leaves {@code
 * bank}, {@code graph.knn}, {@code masks} and {@code scores.json} there, and prints for each stage
 * how many executors were lost.
 */
final class ClusterRun {
  private static final int TASKS = 6;
  private static final long TASK_MILLISECONDS = 300;
  private static final String EXECUTOR = "CoarseGrainedExecutorBackend";

  private ClusterRun() {}

  /** Kills executors, some time after tasks have begun, and counts those that are lost. */
  private static final class Killer extends SparkListener {
    private final AtomicInteger left = new AtomicInteger();
    private final AtomicInteger lost = new AtomicInteger();

    @Override
    public void onTaskStart(SparkListenerTaskStart start) {
      if (start.taskInfo().index() > 0 && left.getAndUpdate(n -> Math.max(0, n - 1)) > 0) {
        Thread.ofPlatform().daemon().start(Killer::kill);
      }
    }

    @Override
    public void onExecutorRemoved(SparkListenerExecutorRemoved removed) {
      lost.incrementAndGet();
    }

    private static void kill() {
      sleep(TASK_MILLISECONDS / 2);
      ProcessHandle.current()
          .descendants()
          .filter(process -> process.info().command().filter(c -> c.endsWith("java")).isPresent())
          .filter(Killer::executes)
          .findAny()
          .ifPresent(ProcessHandle::destroyForcibly); // SIGKILL
    }

    private static boolean executes(ProcessHandle process) {
      try {
        return Files.readString(Path.of("/proc", Long.toString(process.pid()), "cmdline"))
            .contains(EXECUTOR);
      } catch (IOException e) {
        return false; // it has ended meanwhile
      }
    }
  }

  /** A stage of the work. */
  private interface Stage {
    void run() throws IOException;
  }

  private static void sleep(long milliseconds) {
    try {
      Thread.sleep(milliseconds);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException(e);
    }
  }

  /** Makes a task last long enough to die in the middle. */
  private static <T> T slowly(T options) {
    if (TaskContext.get() != null) {
      sleep(TASK_MILLISECONDS);
    }
    return options;
  }

  public static void main(String[] arguments) throws Exception {
    Path folder = Path.of(arguments[0]);
    int kills = Integer.parseInt(arguments[1]);
    try (SparkSession spark =
        SparkSession.builder()
            .master("local-cluster[2,1,2048]")
            .appName("eigenseg cluster test")
            .config("spark.ui.enabled", "false")
            .config("spark.driver.bindAddress", "127.0.0.1")
            .config("spark.driver.host", "127.0.0.1")
            .config("spark.executor.memory", "1g")
            .config("spark.executor.extraClassPath", System.getProperty("java.class.path"))
            .config("spark.task.maxFailures", 4 + kills)
            .config("spark.deploy.maxExecutorRetries", -1)
            .config("spark.speculation", "true")
            .config("spark.speculation.interval", "50ms")
            .config("spark.speculation.minTaskRuntime", "50ms")
            .config("spark.speculation.multiplier", "1.05")
            .config("spark.speculation.quantile", "0.3")
            .getOrCreate()) {
      Killer killer = new Killer();
      spark.sparkContext().addSparkListener(killer);
      Path scenes = folder.resolve("scenes");
      Path images = scenes.resolve("images").resolve(GeneratedScenes.VAL);
      ModelFile model = ModelFile.of(folder.resolve("model.safetensors"));
      Path bank = folder.resolve("bank");
      stage("extract", killer, kills, () -> extract(spark, images, bank));
      stage("graph", killer, kills, () -> graph(spark, bank, folder.resolve("graph.knn")));
      stage("segment", killer, kills, () -> segment(spark, images, model, folder));
      stage("evaluate", killer, kills, () -> evaluate(spark, scenes, model, folder));
    }
  }

  private static void stage(String name, Killer killer, int kills, Stage stage) throws IOException {
    killer.lost.set(0);
    killer.left.set(kills);
    stage.run();
    killer.left.set(0);
    for (int i = 0; i < 50 && killer.lost.get() < kills; i++) {
      sleep(100); // the news may be later than the results
    }
    System.out.printf("%s: %d lost%n", name, killer.lost.get());
  }

  private static void extract(SparkSession spark, Path images, Path bank) throws IOException {
    new ExtractJob(BackboneSource.of("descriptor"), () -> slowly(ExtractOptions.DEFAULT))
        .run(spark.read().format("binaryFile").load(images.toString()).repartition(TASKS), bank);
  }

  private static void graph(SparkSession spark, Path bank, Path file) throws IOException {
    new GraphJob(() -> slowly(GraphOptions.DEFAULT.withMemory(128L << 20)), TASKS)
        .run(spark, bank, file);
  }

  private static void segment(SparkSession spark, Path images, ModelFile model, Path folder)
      throws IOException {
    Path masks = Files.createDirectories(folder.resolve("masks"));
    List<Row> rows =
        new SegmentFunction(model, () -> slowly(SegmentOptions.DEFAULT))
            .segment(
                spark.read().format("binaryFile").load(images.toString()).repartition(TASKS),
                "content",
                "segments")
            .select("path", "segments.png")
            .collectAsList();
    for (Row row : rows) {
      Path image = Path.of(ExtractJob.name(row.getString(0)));
      Files.write(masks.resolve(image.getFileName()), row.<byte[]>getAs(1));
    }
  }

  private static void evaluate(SparkSession spark, Path scenes, ModelFile model, Path folder)
      throws IOException {
    EvaluateJob.Source source =
        new EvaluateJob.Source(FolderDataset.NAME, scenes.toString(), GeneratedScenes.VAL);
    Evaluation evaluation =
        new EvaluateJob(
                source,
                Protocol.WHOLE_IMAGE,
                List.of(
                    new EvaluateJob.Model("model", model, () -> slowly(SegmentOptions.DEFAULT))),
                false)
            .run(spark, TASKS);
    Files.writeString(folder.resolve("scores.json"), scores(source, evaluation));
  }

  static String scores(EvaluateJob.Source source, Evaluation evaluation) throws IOException {
    return EvaluationReport.of(
            source.open(), Protocol.WHOLE_IMAGE, evaluation, Map.of(), info -> false)
        .toJson()
        .toString();
  }

  /** Spark's distribution, whose scripts start executors. */
  static Optional<Path> sparkHome() {
    return Optional.ofNullable(System.getenv("SPARK_HOME"))
        .map(Path::of)
        .filter(home -> Files.isExecutable(home.resolve("bin/spark-class")));
  }
}
