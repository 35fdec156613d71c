package dev.eigenseg.cli.input;

import dev.eigenseg.cli.session.CommonOptions;
import dev.eigenseg.cli.session.Nearest;
import dev.eigenseg.cli.session.Session;
import dev.eigenseg.train.dataset.ClassFolders;
import dev.eigenseg.train.dataset.Dataset;
import dev.eigenseg.train.dataset.DatasetCheck;
import dev.eigenseg.train.dataset.Datasets;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Option;
import picocli.CommandLine.TypeConversionException;

/** A dataset on disk. */
public final class DatasetOptions {
  /** Refuses names that no dataset has. */
  public static final class Name implements ITypeConverter<String> {
    @Override
    public String convert(String value) {
      if (!Datasets.collectionNames().contains(value)) {
        throw new TypeConversionException(
            "'%s' is no dataset; known are %s%s"
                .formatted(
                    value,
                    String.join(", ", Datasets.collectionNames()),
                    Nearest.question(Nearest.of(value, Datasets.collectionNames()))));
      }
      return value;
    }
  }

  @Option(
      names = "--dataset",
      paramLabel = "NAME",
      converter = Name.class,
      required = true,
      description = {
        "camvid; cityscapes-19 or cityscapes-27 (leftImg8bit and gtFine); pascal-context-59 or, "
            + "with background, pascal-context-60 (VOCdevkit/VOC2010); ade20k "
            + "(ADEChallengeData2016); coco-stuff-27 (images, annotations and curated); folder "
            + "(images/SPLIT, labels/SPLIT and classes.json); for extract alone, imagenet "
            + "(SPLIT/CLASS/NAME.JPEG).",
        "Everything that is missing or odd in it is listed before the work begins."
      })
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

  @Option(
      names = "--images",
      paramLabel = "N",
      converter = CommonOptions.PositiveInt.class,
      description =
          "Take N images only, spread evenly over the split: for trials, whose scores are not those of the dataset.")
  private Optional<Integer> limit = Optional.empty();

  /** The dataset's name. */
  public String name() {
    return name;
  }

  /** Whether the dataset has a ground truth. */
  boolean labelled() {
    return !name.equals(ClassFolders.NAME);
  }

  /**
   * Opens a dataset with ground truth.
   *
   * @param check whether its files are looked into first
   */
  public Dataset open(Session session, boolean check) throws IOException {
    Dataset dataset = Datasets.open(name, root, split);
    int found = dataset.samples().size();
    int published = dataset.publishedImages().orElse(found);
    if (found != published) {
      session.say(
          "%s %s has %d images as published, here are %d: scores cannot be compared with published ones"
              .formatted(name, split, published, found));
    }
    Dataset taken = limit.map(images -> Datasets.thinned(dataset, images)).orElse(dataset);
    if (check) {
      session.stage(
          "check",
          () -> {
            DatasetCheck.run(taken, session.threads(), session.progress());
            return taken;
          });
    }
    return taken;
  }

  /** The images of a dataset; without ground truth there is nothing to look into. */
  List<Path> images(Session session, boolean check) throws IOException {
    if (labelled()) {
      return open(session, check).images();
    }
    List<Path> images = Datasets.openImages(name, root, split).images();
    return limit.map(count -> Datasets.thinned(images, count)).orElse(images);
  }
}
