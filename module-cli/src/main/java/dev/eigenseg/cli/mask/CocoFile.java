package dev.eigenseg.cli.mask;

import com.google.gson.stream.JsonWriter;
import dev.eigenseg.api.ClassList;
import dev.eigenseg.api.Progress;
import dev.eigenseg.api.internal.file.AtomicFile;
import dev.eigenseg.api.mask.IndexMap;
import dev.eigenseg.api.mask.MaskPolygons;
import dev.eigenseg.api.mask.MaskRuns;
import dev.eigenseg.train.dataset.LabelMap;
import java.io.BufferedWriter;
import java.io.IOException;
import java.nio.channels.Channels;
import java.nio.channels.WritableByteChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;
import java.util.TreeMap;

/**
 * Masks as COCO's JSON: an annotation for each image and each class in it. A category's number is
 * the class's index plus one, since many tools take 0 for the background; pixels without a class
 * have no annotation.
 */
public final class CocoFile {
  /** How masks are written. */
  public enum Shape {
    /** Run lengths as text, as pycocotools reads and writes them. */
    RLE,
    /** Polygons along the edges of pixels; holes are reached through cuts of no width. */
    POLYGONS
  }

  private final ClassList classes;
  private final Shape shape;
  private final JsonWriter json;
  private long annotations;

  private CocoFile(ClassList classes, Shape shape, JsonWriter json) {
    this.classes = classes;
    this.shape = shape;
    this.json = json;
  }

  /**
   * Writes such a file; it is whole or absent.
   *
   * @param images whose label maps are there
   * @param classes of their indices; other indices mean no class
   * @throws dev.eigenseg.api.CancelledException if the user wants to stop; asked before every image
   */
  public static void write(
      Path file, List<ImageMask> images, ClassList classes, Shape shape, Progress progress)
      throws IOException {
    AtomicFile.write(
        file,
        channel -> {
          // The channel stays open: whoever opened it forces it to disk.
          JsonWriter json =
              new JsonWriter(
                  new BufferedWriter(
                      Channels.newWriter((WritableByteChannel) channel, StandardCharsets.UTF_8)));
          new CocoFile(classes, shape, json).write(images, progress);
          json.flush();
        });
  }

  private void write(List<ImageMask> images, Progress progress) throws IOException {
    json.beginObject();
    categories();
    json.name("annotations").beginArray();
    int[][] sizes = new int[images.size()][];
    try (Progress.Task task =
        progress.start(shape == Shape.RLE ? "coco-rle" : "polygons", images.size(), "images")) {
      for (int i = 0; i < images.size(); i++) {
        progress.checkCancelled();
        LabelMap map = images.get(i).read();
        IndexMap labels = new IndexMap(map.width(), map.height(), map::at);
        sizes[i] = new int[] {labels.width(), labels.height()};
        annotate(i + 1, labels);
        task.advance(1);
      }
    }
    json.endArray();
    images(images, sizes);
    json.endObject();
  }

  private void categories() throws IOException {
    json.name("categories").beginArray();
    for (int i = 0; i < classes.size(); i++) {
      int rgb = classes.classes().get(i).rgb();
      json.beginObject();
      json.name("id").value(i + 1);
      json.name("name").value(classes.name(i));
      json.name("color");
      numbers(rgb >> 16 & 255, rgb >> 8 & 255, rgb & 255);
      json.endObject();
    }
    json.endArray();
  }

  private void images(List<ImageMask> images, int[][] sizes) throws IOException {
    json.name("images").beginArray();
    for (int i = 0; i < images.size(); i++) {
      json.beginObject();
      json.name("id").value(i + 1);
      json.name("file_name").value(images.get(i).name().toString().replace('\\', '/'));
      json.name("width").value(sizes[i][0]);
      json.name("height").value(sizes[i][1]);
      json.endObject();
    }
    json.endArray();
  }

  private void annotate(int image, IndexMap labels) throws IOException {
    SequencedMap<Integer, List<int[]>> polygons =
        shape == Shape.POLYGONS ? MaskPolygons.of(labels) : new TreeMap<>();
    for (Map.Entry<Integer, MaskRuns> mask : MaskRuns.of(labels).entrySet()) {
      if (mask.getKey() >= classes.size()) {
        continue;
      }
      json.beginObject();
      json.name("id").value(++annotations);
      json.name("image_id").value(image);
      json.name("category_id").value(mask.getKey() + 1);
      json.name("iscrowd").value(0);
      json.name("area").value(mask.getValue().area());
      json.name("bbox");
      numbers(mask.getValue().box());
      json.name("segmentation");
      if (shape == Shape.RLE) {
        runs(mask.getValue());
      } else {
        outlines(polygons.get(mask.getKey()));
      }
      json.endObject();
    }
  }

  private void runs(MaskRuns mask) throws IOException {
    json.beginObject();
    json.name("size");
    numbers(mask.height(), mask.width());
    json.name("counts").value(mask.text());
    json.endObject();
  }

  private void outlines(List<int[]> polygons) throws IOException {
    json.beginArray();
    for (int[] polygon : polygons) {
      numbers(polygon);
    }
    json.endArray();
  }

  private void numbers(int... values) throws IOException {
    json.beginArray();
    for (int value : values) {
      json.value(value);
    }
    json.endArray();
  }
}
