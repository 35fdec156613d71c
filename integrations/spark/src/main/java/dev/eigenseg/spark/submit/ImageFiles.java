package dev.eigenseg.spark.submit;

import java.util.List;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import picocli.CommandLine.Parameters;

/** The images of a command. */
final class ImageFiles {
  @Parameters(
      paramLabel = "IMAGES",
      arity = "1..*",
      description = "Folders, files and patterns, as Spark's binaryFile reads them.")
  private List<String> images;

  /** Paths and contents. */
  Dataset<Row> load(SparkSession spark) {
    return spark.read().format("binaryFile").load(images.toArray(String[]::new));
  }
}
