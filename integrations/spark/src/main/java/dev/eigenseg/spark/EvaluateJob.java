package dev.eigenseg.spark;

import dev.eigenseg.api.BadInputException;
import dev.eigenseg.api.SegmentOptions;
import dev.eigenseg.api.Segmenter;
import dev.eigenseg.train.dataset.Dataset;
import dev.eigenseg.train.dataset.Datasets;
import dev.eigenseg.train.dataset.Sample;
import dev.eigenseg.train.evaluation.ConfusionMatrix;
import dev.eigenseg.train.evaluation.Evaluation;
import dev.eigenseg.train.evaluation.Evaluator;
import dev.eigenseg.train.evaluation.Evaluator.EvaluatedModel;
import dev.eigenseg.train.evaluation.Protocol;
import java.io.IOException;
import java.io.Serializable;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.SequencedMap;
import java.util.TreeMap;
import java.util.stream.IntStream;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.sql.SparkSession;

/**
 * Scores of models on a dataset: every task counts clusters against classes for some of the images;
 * the driver adds up the counts, which are those of one machine.
 *
 * @param dataset how executors open it
 * @param protocol which part of the images counts
 * @param models in the order of the results, at least one
 * @param skipBad whether images and labels that cannot be used are listed in the result instead of
 *     failing the job
 */
public record EvaluateJob(Source dataset, Protocol protocol, List<Model> models, boolean skipBad) {
  /** Copies the list, and checks that it is not empty. */
  public EvaluateJob {
    models = List.copyOf(models);
    if (models.isEmpty()) {
      throw new BadInputException("no model to evaluate; name at least one");
    }
  }

  /**
   * A split of a dataset on a disk that all machines see.
   *
   * @param name as {@link Datasets#open} knows it
   * @param root its folder
   * @param split such as {@code "val"}
   */
  public record Source(String name, String root, String split) implements Serializable {
    /**
     * Opens the split here.
     *
     * @throws BadInputException if it is not complete
     */
    public Dataset open() throws IOException {
      return Datasets.open(name, Path.of(root), split);
    }
  }

  /**
   * A model under a name for tables.
   *
   * @param options how it looks at images
   */
  public record Model(String name, ModelFile file, TaskOptions<SegmentOptions> options)
      implements Serializable {
    /** A model that looks at every image once, as a whole. */
    public Model(String name, ModelFile file) {
      this(name, file, () -> SegmentOptions.DEFAULT);
    }

    EvaluatedModel open() throws IOException {
      return new EvaluatedModel(name, file.segmenter(), options.get().withThreads(Tasks.threads()));
    }
  }

  /**
   * Evaluates the models.
   *
   * @param tasks how many tasks there are, at most one for an image
   * @return the counts of all images; times are summed over the tasks
   * @throws BadInputException if nothing could be used
   */
  public Evaluation run(SparkSession spark, int tasks) throws IOException {
    Dataset whole = dataset.open();
    int images = whole.samples().size();
    CountTask task = new CountTask(dataset, protocol, models, skipBad);
    List<Integer> places = IntStream.range(0, images).boxed().toList();
    List<Counts> counts =
        JavaSparkContext.fromSparkContext(spark.sparkContext())
            .parallelize(places, Math.clamp(tasks, 1, images))
            .mapPartitions(some -> List.of(task.count(some)).iterator())
            .collect();
    return sum(whole, counts).requireSome();
  }

  private Evaluation sum(Dataset whole, List<Counts> counts) throws IOException {
    TreeMap<String, String> skipped = new TreeMap<>();
    SequencedMap<String, Double> seconds = new LinkedHashMap<>();
    for (Counts some : counts) {
      skipped.putAll(some.skipped());
      some.seconds().forEach((stage, time) -> seconds.merge(stage, time, Double::sum));
    }
    List<Evaluation.Result> results = new ArrayList<>();
    for (int i = 0; i < models.size(); i++) {
      EvaluatedModel model = models.get(i).open();
      Segmenter segmenter = model.segmenter().forOptions(model.options());
      ConfusionMatrix total =
          new ConfusionMatrix(segmenter.info().clusters(), whole.classes().size());
      for (Counts some : counts) {
        some.addTo(total, i);
      }
      results.add(new Evaluation.Result(model.name(), segmenter.info(), model.options(), total));
    }
    return new Evaluation(whole.samples().size() - skipped.size(), results, skipped, seconds);
  }

  /**
   * What a task has counted.
   *
   * @param pixels for each model, by cluster, then class
   */
  private record Counts(
      ArrayList<long[]> pixels,
      TreeMap<String, String> skipped,
      LinkedHashMap<String, Double> seconds)
      implements Serializable {
    static Counts of(Evaluation evaluation) {
      ArrayList<long[]> pixels = new ArrayList<>();
      evaluation.results().forEach(result -> pixels.add(flat(result.confusion())));
      return new Counts(
          pixels, new TreeMap<>(evaluation.skipped()), new LinkedHashMap<>(evaluation.seconds()));
    }

    private static long[] flat(ConfusionMatrix matrix) {
      long[] counts = new long[matrix.clusters() * matrix.classes()];
      Arrays.setAll(counts, i -> matrix.count(i / matrix.classes(), i % matrix.classes()));
      return counts;
    }

    void addTo(ConfusionMatrix total, int model) {
      long[] counts = pixels.get(model);
      for (int i = 0; i < counts.length; i++) {
        total.add(i / total.classes(), i % total.classes(), counts[i]);
      }
    }
  }

  /** Counts some of the images. Sent to executors. */
  private record CountTask(Source dataset, Protocol protocol, List<Model> models, boolean skipBad)
      implements Serializable {
    CountTask {
      models = new ArrayList<>(models);
    }

    Counts count(Iterator<Integer> places) throws IOException {
      Dataset whole = dataset.open();
      List<Sample> samples = new ArrayList<>();
      places.forEachRemaining(place -> samples.add(whole.samples().get(place)));
      List<EvaluatedModel> opened = new ArrayList<>();
      for (Model model : models) {
        opened.add(model.open());
      }
      return Counts.of(
          Evaluator.count(
              Datasets.part(whole, samples),
              protocol,
              opened,
              Tasks.threads(),
              skipBad,
              Tasks.progress()));
    }
  }
}
