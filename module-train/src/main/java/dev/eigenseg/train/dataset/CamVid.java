package dev.eigenseg.train.dataset;

import com.google.gson.Gson;
import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParseException;
import dev.eigenseg.api.BadInputException;
import dev.eigenseg.api.ClassFiles;
import dev.eigenseg.api.ClassList;
import dev.eigenseg.api.internal.file.RegularFile;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.SortedMap;

/**
 * CamVid in its reduced form of 11 classes and 480 x 360 pixels (Brostow et al., ECCV 2008; the
 * split of the SegNet tutorial): {@code images/{train,val}/NAME.jpg}, {@code
 * labels/{train,val}/NAME.png} and a {@code classes.json} that also lists the frames of each split.
 * The frames come in the order of that list.
 */
public final class CamVid implements Dataset {
  /** The name for {@link Datasets#open}. */
  public static final String NAME = "camvid";

  private static final int CLASSES = 11;
  private static final int VOID = 11;

  private final String split;
  private final ClassList classes;
  private final List<Sample> samples;

  private CamVid(String split, ClassList classes, List<Sample> samples) {
    this.split = split;
    this.classes = classes;
    this.samples = List.copyOf(samples);
  }

  /**
   * Opens one split and checks that all its frames are there.
   *
   * @throws BadInputException if frames are missing or do not belong there, or the classes are not
   *     the 11 of the protocol
   * @throws IOException if the folder cannot be read
   */
  static CamVid open(Path root, String split) throws IOException {
    Path classFile = root.resolve("classes.json");
    if (!Files.isRegularFile(classFile)) {
      throw new BadInputException(
          "there is no %s; CamVid's folder holds images/{train,val}, labels/{train,val} and classes.json"
              .formatted(classFile));
    }
    ClassFiles.LabelClasses content = ClassFiles.read(classFile);
    if (content.classes().size() != CLASSES || content.voidIndex() != VOID) {
      throw new BadInputException(
          "%s has %d classes and void index %d; CamVid's protocol has %d and %d. Open other collections as '%s'"
              .formatted(
                  classFile,
                  content.classes().size(),
                  content.voidIndex(),
                  CLASSES,
                  VOID,
                  FolderDataset.NAME));
    }
    List<String> frames = frames(classFile, split);
    return new CamVid(split, content.classes(), samples(root, split, frames));
  }

  private static List<Sample> samples(Path root, String split, List<String> frames)
      throws IOException {
    SampleFolders folders = new SampleFolders(root);
    Path images = root.resolve("images").resolve(split);
    Path labels = root.resolve("labels").resolve(split);
    List<Sample> samples = new ArrayList<>();
    if (folders.present(images, labels)) {
      SortedMap<String, Sample> byName = folders.pair(images, labels);
      for (String frame : frames) {
        Sample sample = byName.remove(frame);
        if (sample == null) {
          folders.problem("frame " + frame + " of classes.json has no pair of image and label");
        } else {
          samples.add(sample);
        }
      }
      for (String name : byName.keySet()) {
        folders.problem("frame " + name + " is not in the list of classes.json");
      }
    }
    return folders.sound(samples, "split '%s' of CamVid".formatted(split), SampleFolders.REMEDY);
  }

  private static List<String> frames(Path classFile, String split) throws IOException {
    try {
      JsonObject splits =
          new Gson()
              .fromJson(RegularFile.text(classFile), JsonObject.class)
              .getAsJsonObject("splits");
      if (splits == null || !splits.has(split)) {
        throw new BadInputException(
            "%s lists no split '%s'; found %s"
                .formatted(classFile, split, splits == null ? List.of() : splits.keySet()));
      }
      JsonArray names = splits.getAsJsonObject(split).getAsJsonArray("names_in_source_order");
      if (names == null || names.isEmpty()) {
        throw new BadInputException(
            "%s lists no frames for split '%s', expected splits.%s.names_in_source_order"
                .formatted(classFile, split, split));
      }
      return names.asList().stream().map(JsonElement::getAsString).toList();
    } catch (JsonParseException | IllegalStateException | ClassCastException e) {
      throw new BadInputException(
          "%s does not list CamVid's splits: %s".formatted(classFile, e.getMessage()), e);
    }
  }

  @Override
  public String name() {
    return NAME;
  }

  @Override
  public String split() {
    return split;
  }

  @Override
  public ClassList classes() {
    return classes;
  }

  @Override
  public int voidIndex() {
    return VOID;
  }

  @Override
  public List<Sample> samples() {
    return samples;
  }
}
