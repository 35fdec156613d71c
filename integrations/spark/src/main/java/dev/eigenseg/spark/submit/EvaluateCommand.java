package dev.eigenseg.spark.submit;

import com.google.gson.GsonBuilder;
import dev.eigenseg.api.ModelInfo;
import dev.eigenseg.spark.EvaluateJob;
import dev.eigenseg.spark.ModelFile;
import dev.eigenseg.train.evaluation.Evaluation;
import dev.eigenseg.train.evaluation.EvaluationReport;
import dev.eigenseg.train.evaluation.Protocol;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import org.apache.spark.sql.SparkSession;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Scores of models on a dataset. */
@Command(
    name = "evaluate",
    mixinStandardHelpOptions = true,
    description = {
      "Scores models on a dataset, images as they are, under each oracle matching and the model's own names.",
      "Prints JSON, as 'eigenseg evaluate --json -' does, in percent."
    },
    footer = {
      "",
      "Example:",
      "  spark-submit eigenseg-spark-submit.jar evaluate --dataset folder --root /data/street --split val /data/street.safetensors"
    })
final class EvaluateCommand implements Callable<Integer> {
  @Spec private CommandSpec spec;

  @Parameters(
      paramLabel = "MODEL",
      arity = "1..*",
      description = "Models, on a disk that all machines see or among Spark's --files.")
  private List<Path> models;

  @Option(
      names = "--dataset",
      paramLabel = "NAME",
      required = true,
      description = "The kind of dataset, as 'eigenseg evaluate' knows it.")
  private String dataset;

  @Option(
      names = "--root",
      paramLabel = "DIR",
      required = true,
      description = "The dataset's folder, on a disk that all machines see.")
  private Path root;

  @Option(names = "--split", paramLabel = "NAME", required = true, description = "The split.")
  private String split;

  @Option(names = "--skip", description = "Leave out images and labels that cannot be used.")
  private boolean skip;

  @Option(
      names = "--tasks",
      paramLabel = "N",
      defaultValue = "0",
      description = "How many tasks there are (default: four for each processor).")
  private int tasks;

  @Override
  public Integer call() throws Exception {
    EvaluateJob.Source source =
        new EvaluateJob.Source(dataset, root.toAbsolutePath().toString(), split);
    try (SparkSession spark = Submit.session("evaluate")) {
      List<EvaluateJob.Model> evaluated = new ArrayList<>();
      for (Path model : models) {
        evaluated.add(new EvaluateJob.Model(model.toString(), ModelFile.of(model)));
      }
      EvaluateJob job = new EvaluateJob(source, Protocol.WHOLE_IMAGE, evaluated, skip);
      int count = Submit.tasks(spark, tasks);
      Evaluation evaluation = job.run(spark, count);
      evaluation.skipped().values().forEach(reason -> spec.commandLine().getErr().println(reason));
      EvaluationReport report =
          EvaluationReport.of(
              source.open(),
              Protocol.WHOLE_IMAGE,
              evaluation,
              Map.of(),
              (ModelInfo model) -> model.names().isPresent());
      spec.commandLine()
          .getOut()
          .println(new GsonBuilder().setPrettyPrinting().create().toJson(report.toJson()));
      return evaluation.skipped().isEmpty() ? 0 : 1;
    }
  }
}
