package dev.eigenseg.cli;

import dev.eigenseg.train.dataset.Dataset;
import dev.eigenseg.train.dataset.Datasets;
import java.io.IOException;
import java.nio.file.Path;
import picocli.CommandLine.Option;

/** A dataset with ground truth. */
final class DatasetOptions {
  @Option(
      names = "--dataset",
      paramLabel = "NAME",
      required = true,
      description = "camvid, or folder for images/SPLIT, labels/SPLIT and classes.json.")
  private String name;

  @Option(
      names = "--root",
      paramLabel = "DIR",
      required = true,
      description = "The dataset's folder.")
  private Path root;

  @Option(
      names = "--split",
      paramLabel = "NAME",
      required = true,
      description = "The part of the dataset, such as train or val.")
  private String split;

  Dataset open() throws IOException {
    return Datasets.open(name, root, split);
  }
}
