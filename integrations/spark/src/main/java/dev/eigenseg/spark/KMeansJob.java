package dev.eigenseg.spark;

import dev.eigenseg.api.BadInputException;
import dev.eigenseg.api.Progress;
import dev.eigenseg.api.bank.FeatureBank;
import dev.eigenseg.api.bank.Level;
import dev.eigenseg.api.tensor.DType;
import dev.eigenseg.api.tensor.FeatureRows;
import dev.eigenseg.api.tensor.Tensor;
import dev.eigenseg.graph.kmeans.KMeans;
import dev.eigenseg.graph.kmeans.KMeansOptions;
import dev.eigenseg.graph.kmeans.KMeansResult;
import dev.eigenseg.graph.kmeans.KMeansShare;
import dev.eigenseg.train.KMeansTrainer;
import java.io.IOException;
import java.io.Serializable;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.IntStream;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.broadcast.Broadcast;
import org.apache.spark.sql.SparkSession;

/**
 * K-means on the high features of a bank, to a segmenter: every pass of Lloyd's algorithm is a job,
 * whose tasks send the sums of their rows. The driver begins with k-means on a sample.
 *
 * <p>Rows are summed up in blocks that depend on the bank's size alone, and blocks in their order:
 * the model does not depend on the tasks, nor on what died. It is another one than a single
 * machine's k-means finds, which sums up row by row and begins with other centroids.
 *
 * @param options how; inits, batch rows and memory mean nothing here. Clusters that lose all rows
 *     stay where they are
 */
public record KMeansJob(TaskOptions<KMeansOptions> options) {
  private static final long LEAST_BLOCK = 1 << 15;
  private static final long MOST_BLOCKS = 256;
  private static final long SAMPLE = 1 << 14;
  private static final int SAMPLE_OF_CLUSTER = 128;
  private static final int SAMPLE_PASSES = 20;

  /**
   * What a job has made.
   *
   * @param passes over all rows
   * @param inertia the sum of squared distances to the nearest centroids, before they moved for the
   *     last time
   */
  public record Result(int passes, double inertia) {}

  /**
   * Finds the centroids and writes the segmenter.
   *
   * @param bank on a disk that all machines see
   * @param model the file to write, which does not exist yet
   * @param tasks of each pass, at most one for a block of rows
   * @throws BadInputException if the bank has fewer patches than clusters, or the model is there
   */
  public Result run(SparkSession spark, Path bank, Path model, int tasks) throws IOException {
    if (Files.exists(model)) {
      throw new BadInputException(model + " is there already; name another file, or delete it");
    }
    KMeansOptions wanted = options.get();
    try (FeatureBank open = FeatureBank.open(bank.toAbsolutePath().normalize());
        KMeansResult begin = ofSample(open.level(Level.HIGH), wanted)) {
      Blocks blocks = Blocks.of(open.rows());
      List<Integer> numbers = IntStream.range(0, blocks.count()).boxed().toList();
      JavaSparkContext context = JavaSparkContext.fromSparkContext(spark.sparkContext());
      JavaRDD<Integer> all = context.parallelize(numbers, Math.clamp(tasks, 1, blocks.count()));
      String folder = open.directory().toString();
      Centroids centroids = new Centroids(begin.centroids(), open.rows());
      int passes = 0;
      boolean moves = true;
      while (moves && passes < wanted.maxIterations()) {
        Broadcast<float[]> sent = context.broadcast(centroids.values());
        SumTask task = new SumTask(options, folder, blocks, sent);
        moves = centroids.move(all.map(task::sums).collect(), wanted.tolerance());
        sent.destroy();
        passes++;
      }
      String search = "sums of blocks of %d rows".formatted(blocks.rows());
      KMeansTrainer.centroids(open, wanted, begin.centroids(), search, model, Progress.NONE);
      return new Result(passes, centroids.inertia());
    }
  }

  /** K-means of rows that are spread over all. */
  private static KMeansResult ofSample(FeatureRows rows, KMeansOptions wanted) throws IOException {
    if (rows.rows() < wanted.clusters()) {
      throw new BadInputException(
          "%d clusters from %d patches: use fewer clusters or more images"
              .formatted(wanted.clusters(), rows.rows()));
    }
    long count =
        Math.min(rows.rows(), Math.max(SAMPLE, (long) SAMPLE_OF_CLUSTER * wanted.clusters()));
    try (Tensor sample = Tensor.allocate(DType.F32, count, rows.dim())) {
      long rowBytes = (long) rows.dim() * Float.BYTES;
      for (long i = 0; i < count; i++) {
        long row = Math.multiplyExact(i, rows.rows()) / count;
        rows.read(row, 1, sample.segment().asSlice(i * rowBytes, rowBytes));
      }
      return KMeans.fit(
          FeatureRows.of(sample),
          wanted.withBatchRows(0).withLimits(SAMPLE_PASSES, wanted.tolerance()),
          Progress.NONE);
    }
  }

  /** How rows are divided: a function of their number. */
  private record Blocks(long all, long rows) implements Serializable {
    static Blocks of(long all) {
      return new Blocks(all, Math.max(LEAST_BLOCK, Math.ceilDiv(all, MOST_BLOCKS)));
    }

    int count() {
      return Math.toIntExact(Math.ceilDiv(all, rows));
    }

    long first(int block) {
      return block * rows;
    }

    long size(int block) {
      return Math.min(rows, all - first(block));
    }
  }

  /** Sums up blocks. Sent to executors. */
  private record SumTask(
      TaskOptions<KMeansOptions> options, String bank, Blocks blocks, Broadcast<float[]> centroids)
      implements Serializable {
    Sums sums(int block) throws IOException {
      KMeansOptions wanted = options.get();
      try (FeatureBank open = FeatureBank.open(Path.of(bank));
          Tensor sent = tensor(centroids.value(), wanted.clusters())) {
        KMeansShare share =
            KMeansShare.of(
                open.level(Level.HIGH),
                blocks.first(block),
                blocks.size(block),
                sent,
                wanted.normalizeRows(),
                Tasks.threads(),
                Tasks.progress());
        return new Sums(share, wanted.clusters(), Math.toIntExact(sent.size(1)));
      }
    }

    private static Tensor tensor(float[] values, int clusters) {
      return Tensor.of(values, clusters, values.length / clusters);
    }
  }

  /** What is sent back of a block: sums by cluster, then channel. */
  private static final class Sums implements Serializable {
    private static final long serialVersionUID = 1;

    private final double[] sums;
    private final long[] counts;
    private final double squares;
    private final double inertia;

    Sums(KMeansShare share, int clusters, int dim) {
      sums = new double[clusters * dim];
      counts = new long[clusters];
      squares = share.squares();
      inertia = share.inertia();
      for (int cluster = 0; cluster < clusters; cluster++) {
        counts[cluster] = share.count(cluster);
        for (int c = 0; c < dim; c++) {
          sums[cluster * dim + c] = share.sum(cluster, c);
        }
      }
    }
  }

  /** The centroids of the driver, and how they move. */
  private static final class Centroids {
    private final Tensor centroids;
    private final long rows;
    private final int dim;
    private double inertia;

    Centroids(Tensor centroids, long rows) {
      this.centroids = centroids;
      this.rows = rows;
      this.dim = Math.toIntExact(centroids.size(1));
    }

    double inertia() {
      return inertia;
    }

    float[] values() {
      return centroids.segment().toArray(ValueLayout.JAVA_FLOAT);
    }

    /** Moves centroids to the means of their rows; whether that was far enough to go on. */
    boolean move(List<Sums> blocks, double tolerance) {
      double[] sums = new double[Math.toIntExact(centroids.size())];
      long[] counts = new long[sums.length / dim];
      double squares = 0;
      inertia = 0;
      for (Sums block : blocks) {
        for (int i = 0; i < sums.length; i++) {
          sums[i] += block.sums[i];
        }
        for (int i = 0; i < counts.length; i++) {
          counts[i] += block.counts[i];
        }
        squares += block.squares;
        inertia += block.inertia;
      }
      double moved = 0;
      MemorySegment values = centroids.segment();
      for (int i = 0; i < sums.length; i++) {
        if (counts[i / dim] > 0) {
          float mean = (float) (sums[i] / counts[i / dim]);
          double way = (double) mean - values.getAtIndex(ValueLayout.JAVA_FLOAT, i);
          values.setAtIndex(ValueLayout.JAVA_FLOAT, i, mean);
          moved += way * way;
        }
      }
      return moved > 0 && moved >= tolerance * meanVariance(sums, squares);
    }

    /** The variance of a channel over all rows, averaged over the channels. */
    private double meanVariance(double[] sums, double squares) {
      double meanSquares = 0;
      for (int c = 0; c < dim; c++) {
        double sum = 0;
        for (int i = c; i < sums.length; i += dim) {
          sum += sums[i];
        }
        meanSquares += (sum / rows) * (sum / rows);
      }
      return Math.max(0, squares / rows - meanSquares) / dim;
    }
  }
}
