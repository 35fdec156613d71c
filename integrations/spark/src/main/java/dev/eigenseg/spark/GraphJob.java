package dev.eigenseg.spark;

import dev.eigenseg.api.BadInputException;
import dev.eigenseg.api.Progress;
import dev.eigenseg.api.Provenance;
import dev.eigenseg.api.bank.FeatureBank;
import dev.eigenseg.api.internal.file.AtomicFile;
import dev.eigenseg.api.spi.KnnIndex;
import dev.eigenseg.graph.BankGraph;
import dev.eigenseg.graph.GraphOptions;
import dev.eigenseg.graph.GraphPart;
import dev.eigenseg.graph.KnnGraph;
import dev.eigenseg.graph.KnnGraphInfo;
import java.io.IOException;
import java.io.Serializable;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.stream.IntStream;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.sql.SparkSession;

/**
 * The neighbour graph of a bank, exact or by inverted lists: a task for each part, which the driver
 * joins. The graph has the bytes of one that a single machine makes. Inverted lists are made by a
 * task before, once for all parts.
 *
 * <pre>{@code
 * new GraphJob(() -> GraphOptions.DEFAULT, 64).run(spark, Path.of("/data/photos.bank"));
 * }</pre>
 *
 * <p>Parts and lists are kept in a hidden folder beside the graph until it is whole: an executor
 * that dies costs the parts that it was computing; a job whose driver died goes on with the same
 * call.
 *
 * @param options how neighbours are looked for; {@link GraphOptions#memory} is that of a task
 * @param parts how many tasks there are: of an exact search several times as many as processors; by
 *     inverted lists, where each part is a file as large as the graph, one or two for each executor
 */
public record GraphJob(TaskOptions<GraphOptions> options, int parts) {
  // The only engine whose searches can be divided.
  private static final String ENGINE = "vector";

  /** Checks that there is a part. */
  public GraphJob {
    if (parts < 1) {
      throw new BadInputException("at least one part, not " + parts);
    }
  }

  /** Builds the graph at its place in the bank; see {@link #run(SparkSession, Path, Path)}. */
  public void run(SparkSession spark, Path bank) throws IOException {
    run(spark, bank, BankGraph.file(bank));
  }

  /**
   * Builds the graph; does nothing if it is there.
   *
   * @param bank on a disk that all machines see
   * @param file of the graph, on such a disk too
   * @throws BadInputException if the bank has too few patches for its neighbours or parts
   * @throws dev.eigenseg.api.UnavailableException if another job is making this graph, or the
   *     search cannot be divided
   * @throws dev.eigenseg.api.IncompatibleException if another graph is there, or an unfinished job
   *     for another one; the message names what differs
   */
  public void run(SparkSession spark, Path bank, Path file) throws IOException {
    Path target = file.toAbsolutePath().normalize();
    Path folder = bank.toAbsolutePath().normalize();
    SortedMap<String, String> claim = new TreeMap<>();
    boolean approximate;
    try (FeatureBank open = FeatureBank.open(folder)) {
      BankGraph graph = new BankGraph(open, options.get().withEngine(ENGINE));
      if (Files.exists(target)) {
        KnnGraphInfo found = KnnGraphInfo.read(target);
        graph.requireSame(GraphPart.WHOLE, target, found);
        graph.requireSameIndex(target, found);
        return;
      }
      claim.put("version", Provenance.version());
      claim.put("bank", open.identity());
      claim.put("patches", Long.toString(open.rows()));
      claim.put("parts", Integer.toString(parts));
      claim.putAll(graph.settings());
      approximate = graph.index().kind() == KnnIndex.Kind.IVF;
    }
    try (JobFolder job = JobFolder.open(target, claim)) {
      PartTask task = new PartTask(options, parts, folder.toString(), job.path().toString());
      JavaSparkContext context = JavaSparkContext.fromSparkContext(spark.sparkContext());
      if (approximate) {
        context.parallelize(List.of(1), 1).foreachPartition(_ -> task.makeLists());
      }
      List<Integer> numbers = IntStream.rangeClosed(1, parts).boxed().toList();
      context.parallelize(numbers, parts).foreach(task::run);
      join(job.path(), target);
      job.delete();
    }
  }

  private void join(Path job, Path target) throws IOException {
    List<Path> files =
        IntStream.rangeClosed(1, parts)
            .mapToObj(number -> job.resolve(PartTask.part(number, parts)).resolve(PartTask.FILE))
            .toList();
    try (Attempt attempt = Attempt.begin(job)) {
      Path whole = files.getFirst();
      if (parts > 1) {
        whole = attempt.folder().resolve(PartTask.FILE);
        KnnGraph.merge(files, whole, Progress.NONE);
      }
      AtomicFile.publish(whole, target);
    }
  }

  /** Computes a part, or what all parts share. Sent to executors. */
  record PartTask(TaskOptions<GraphOptions> options, int parts, String bank, String job)
      implements Serializable {
    static final String FILE = "part.knn";
    private static final String LISTS = "lists";

    /** The name of a part's folder. */
    static String part(int number, int count) {
      return String.format(Locale.ROOT, "part-%05d-of-%05d", number, count);
    }

    void makeLists() throws IOException {
      Path result = Path.of(job).resolve(LISTS);
      if (Files.exists(result)) {
        return;
      }
      try (Attempt attempt = Attempt.begin(Path.of(job));
          FeatureBank open = FeatureBank.open(Path.of(bank))) {
        graph(open).prepare(attempt.folder().resolve(LISTS), Tasks.progress());
        attempt.publish(result);
      }
    }

    private BankGraph graph(FeatureBank open) {
      return new BankGraph(open, options.get().withEngine(ENGINE).withThreads(Tasks.threads()));
    }

    void run(int number) throws IOException {
      Path result = Path.of(job).resolve(part(number, parts));
      if (Files.exists(result)) { // of an attempt whose end the driver has not heard of
        return;
      }
      try (Attempt attempt = Attempt.begin(Path.of(job));
          FeatureBank open = FeatureBank.open(Path.of(bank))) {
        BankGraph graph = graph(open);
        Path lists = Path.of(job).resolve(LISTS).resolve(LISTS);
        graph.build(
            new GraphPart(number, parts),
            attempt.folder().resolve(FILE),
            graph.index().kind() == KnnIndex.Kind.IVF ? Optional.of(lists) : Optional.empty(),
            false,
            BankGraph.Listener.NONE,
            Tasks.progress());
        attempt.publish(result);
      }
    }
  }
}
