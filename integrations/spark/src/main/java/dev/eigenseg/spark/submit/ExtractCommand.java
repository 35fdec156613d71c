package dev.eigenseg.spark.submit;

import dev.eigenseg.api.ImageGeometry;
import dev.eigenseg.api.bank.ExtractOptions;
import dev.eigenseg.api.tensor.DType;
import dev.eigenseg.spark.BackboneSource;
import dev.eigenseg.spark.ExtractJob;
import dev.eigenseg.spark.TaskOptions;
import java.nio.file.Path;
import java.util.Map;
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

/** Images to a bank. */
@Command(
    name = "extract",
    mixinStandardHelpOptions = true,
    description = "Extracts the features of images into a bank.",
    footer = {
      "",
      "Example:",
      "  spark-submit eigenseg-spark-submit.jar extract -b descriptor -o /data/street.bank \"/data/street/*.jpg\""
    })
final class ExtractCommand implements Callable<Integer> {
  private enum Storage {
    F32(DType.F32),
    F16(DType.F16);

    private final DType dtype;

    Storage(DType dtype) {
      this.dtype = dtype;
    }
  }

  @Spec private CommandSpec spec;

  @Mixin private ImageFiles images;

  @Option(
      names = {"-o", "--output"},
      paramLabel = "BANK",
      required = true,
      description = "The bank's folder, on a disk that all machines see.")
  private Path output;

  @Option(
      names = {"-b", "--backbone"},
      paramLabel = "SPEC",
      defaultValue = "descriptor",
      description = "The backbone, such as vit:/data/vit.safetensors (default: ${DEFAULT-VALUE}).")
  private String backbone;

  @Option(
      names = "--backbone-option",
      paramLabel = "NAME=VALUE",
      description = "How the backbone reads its weights, such as heads=6.")
  private Map<String, String> settings = Map.of();

  @Option(
      names = "--size",
      paramLabel = "WIDTHxHEIGHT",
      description = "Resizes every image (default: each keeps its own size).")
  private Optional<ImageGeometry.Size> size = Optional.empty();

  @Option(
      names = "--dtype",
      paramLabel = "f32|f16",
      defaultValue = "f32",
      description = "How features are stored (default: ${DEFAULT-VALUE}).")
  private Storage dtype;

  @Option(names = "--skip", description = "Leave out images that cannot be used.")
  private boolean skip;

  @Option(
      names = "--partitions",
      paramLabel = "N",
      defaultValue = "0",
      description = "How many tasks there are (default: as Spark divides the files).")
  private int partitions;

  @Override
  public Integer call() throws Exception {
    TaskOptions<ExtractOptions> options = options(size, dtype.dtype, skip);
    try (SparkSession spark = Submit.session("extract")) {
      Dataset<Row> files = images.load(spark);
      ExtractJob.Result result =
          new ExtractJob(BackboneSource.of(backbone, "cpu", settings), options)
              .run(partitions > 0 ? files.repartition(partitions) : files, output);
      result.skipped().values().forEach(reason -> spec.commandLine().getErr().println(reason));
      spec.commandLine()
          .getOut()
          .printf(
              "%s: %d images, %d patches, %d skipped%n",
              output, result.images(), result.patches(), result.skipped().size());
      return result.skipped().isEmpty() ? 0 : 1;
    }
  }

  // Of plain values alone: what a task gets is sent to it.
  private static TaskOptions<ExtractOptions> options(
      Optional<ImageGeometry.Size> size, DType dtype, boolean skip) {
    String sides = size.map(ImageGeometry.Size::toString).orElse("");
    return () ->
        ExtractOptions.DEFAULT
            .withSize(
                sides.isEmpty() ? Optional.empty() : Optional.of(ImageGeometry.Size.parse(sides)))
            .withDtype(dtype)
            .withSkip(skip);
  }
}
