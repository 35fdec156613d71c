package dev.eigenseg.cli;

import dev.eigenseg.train.dataset.Dataset;
import dev.eigenseg.train.dataset.Datasets;
import java.io.IOException;
import java.nio.file.Path;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Option;
import picocli.CommandLine.TypeConversionException;

/** A dataset with ground truth. */
final class DatasetOptions {
  /** Refuses names that no dataset has. */
  static final class Name implements ITypeConverter<String> {
    @Override
    public String convert(String value) {
      if (!Datasets.names().contains(value)) {
        throw new TypeConversionException(
            "'%s' is no dataset; known are %s"
                .formatted(value, String.join(", ", Datasets.names())));
      }
      return value;
    }
  }

  @Option(
      names = "--dataset",
      paramLabel = "NAME",
      converter = Name.class,
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
