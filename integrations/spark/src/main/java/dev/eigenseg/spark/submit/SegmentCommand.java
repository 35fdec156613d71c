package dev.eigenseg.spark.submit;

import dev.eigenseg.spark.ModelFile;
import dev.eigenseg.spark.SegmentFunction;
import java.nio.file.Path;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** Images to a table of masks. */
@Command(
    name = "segment",
    mixinStandardHelpOptions = true,
    description = "Segments images into a Parquet table of paths and masks.",
    footer = {
      "",
      "Example:",
      "  spark-submit eigenseg-spark-submit.jar segment -m /data/street.safetensors -o /data/masks \"/data/street/*.jpg\""
    })
final class SegmentCommand implements Callable<Integer> {
  @Spec private CommandSpec spec;

  @Mixin private ImageFiles images;

  @Option(
      names = {"-m", "--model"},
      paramLabel = "MODEL",
      required = true,
      description = "The model, on a disk that all machines see or among Spark's --files.")
  private Path model;

  @Option(
      names = {"-b", "--backbone"},
      paramLabel = "SPEC",
      description = "The model's backbone (default: as the model says).")
  private Optional<String> backbone = Optional.empty();

  @Option(
      names = {"-o", "--output"},
      paramLabel = "TABLE",
      required = true,
      description = "Where Spark writes the table; it must not exist.")
  private String output;

  @Override
  public Integer call() throws Exception {
    try (SparkSession spark = Submit.session("segment")) {
      ModelFile opened = ModelFile.of(model);
      ModelFile file = backbone.map(name -> opened.withBackbone(name, "cpu")).orElse(opened);
      Dataset<Row> files = images.load(spark);
      new SegmentFunction(file)
          .segment(files, "content", "segments")
          .select("path", "segments.*")
          .write()
          .parquet(output);
      Dataset<Row> written = spark.read().parquet(output);
      long failed = written.filter("error IS NOT NULL").count();
      spec.commandLine()
          .getOut()
          .printf("%s: %d images, %d failed%n", output, written.count(), failed);
      return failed == 0 ? 0 : 1;
    }
  }
}
