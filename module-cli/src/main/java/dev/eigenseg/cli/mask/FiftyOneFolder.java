package dev.eigenseg.cli.mask;

import com.google.gson.GsonBuilder;
import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import dev.eigenseg.api.ClassList;
import dev.eigenseg.api.Images;
import dev.eigenseg.api.Progress;
import dev.eigenseg.api.internal.file.AtomicFile;
import dev.eigenseg.api.internal.file.ResultNames;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.IntStream;

/**
 * A folder as FiftyOne's importer of its own datasets reads it, with the names of classes: {@code
 * metadata.json} and {@code samples.json} beside the images in {@code data} and their label maps in
 * {@code labels}. These two folders alone are an {@code ImageSegmentationDirectory}, whose importer
 * takes no names. FiftyOne shows 0 as nothing, so that the values are those of the classes plus
 * one.
 */
public final class FiftyOneFolder {
  private static final String FIELD = "ground_truth";
  private static final String DATA = "data";
  private static final String LABELS = "labels";

  private FiftyOneFolder() {}

  /**
   * Writes such a folder; every file in it is whole or absent.
   *
   * @param images whose label maps are there
   * @param classes of their indices; other indices become 0
   * @throws dev.eigenseg.api.CancelledException if the user wants to stop; asked before every image
   */
  public static void write(
      Path folder, List<ImageMask> images, ClassList classes, Progress progress)
      throws IOException {
    int[] values = IntStream.rangeClosed(1, classes.size()).toArray();
    boolean wide = classes.size() > 0xFF;
    JsonArray samples = new JsonArray();
    try (Progress.Task task = progress.start(ResultNames.FIFTYONE, images.size(), "images")) {
      for (ImageMask image : images) {
        progress.checkCancelled();
        Path data = Path.of(DATA).resolve(ImageCopy.write(image, folder.resolve(DATA)));
        Path labels = Path.of(LABELS).resolve(image.stem() + ".png");
        Files.createDirectories(folder.resolve(labels).getParent());
        Images.writePng(LabelImages.grey(image.read(), values, wide), folder.resolve(labels));
        samples.add(sample(data, labels));
        task.advance(1);
      }
    }
    // The importer looks for files of the fields that have a folder here, and of no others.
    Path field = folder.resolve("fields").resolve(FIELD);
    Files.createDirectories(field);
    write(field.resolve("mask_targets.json"), targets(classes));
    write(folder.resolve("samples.json"), "samples", samples);
    JsonObject names = new JsonObject();
    names.add("default_mask_targets", targets(classes));
    write(folder.resolve("metadata.json"), "info", names);
  }

  private static JsonObject sample(Path data, Path labels) {
    JsonObject segmentation = new JsonObject();
    segmentation.addProperty("_cls", "Segmentation");
    segmentation.addProperty("mask_path", text(labels));
    JsonObject sample = new JsonObject();
    sample.addProperty("filepath", text(data));
    sample.add("tags", new JsonArray());
    sample.add(FIELD, segmentation);
    return sample;
  }

  private static String text(Path path) {
    return path.toString().replace('\\', '/');
  }

  private static JsonObject targets(ClassList classes) {
    JsonObject targets = new JsonObject();
    for (int i = 0; i < classes.size(); i++) {
      targets.addProperty(Integer.toString(i + 1), classes.name(i));
    }
    return targets;
  }

  private static void write(Path file, String name, JsonElement content) throws IOException {
    JsonObject json = new JsonObject();
    json.add(name, content);
    write(file, json);
  }

  private static void write(Path file, JsonObject json) throws IOException {
    String text = new GsonBuilder().setPrettyPrinting().disableHtmlEscaping().create().toJson(json);
    AtomicFile.writeString(file, text + "\n");
  }
}
