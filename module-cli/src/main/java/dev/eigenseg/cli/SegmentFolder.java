package dev.eigenseg.cli;

import com.google.gson.JsonObject;
import com.google.gson.JsonParseException;
import com.google.gson.JsonParser;
import dev.eigenseg.api.ClassFiles;
import dev.eigenseg.api.ClassList;
import dev.eigenseg.api.CorruptFileException;
import dev.eigenseg.api.IncompatibleException;
import dev.eigenseg.api.ModelInfo;
import dev.eigenseg.api.Provenance;
import dev.eigenseg.api.Segmentation;
import dev.eigenseg.api.internal.file.AtomicFile;
import dev.eigenseg.api.internal.file.Hashes;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** A folder of label maps and overlays, all of one model. Thread-safe. */
final class SegmentFolder {
  private static final String CLASSES = "classes.json";
  private static final String PROVENANCE = "provenance.json";
  private static final String MAP = ".png";
  private static final String OVERLAY = "-overlay.png";

  private final Path folder;
  private final ModelInfo model;

  SegmentFolder(Path folder, ModelInfo model) {
    this.folder = folder;
    this.model = model;
  }

  /**
   * Creates the folder and says whose results are in it.
   *
   * @throws IncompatibleException if it holds the results of another model
   */
  void prepare(Path modelFile, boolean overwrite) throws IOException {
    Files.createDirectories(folder);
    Provenance mine =
        Provenance.here("segment", Map.of(), Map.of("model", Hashes.sha256(modelFile)), 0, "cpu");
    Path file = folder.resolve(PROVENANCE);
    if (!overwrite && Files.exists(file) && !read(file).inputs().equals(mine.inputs())) {
      throw new IncompatibleException(
          folder
              + " holds the results of another model, or of this one before 'match' changed it; choose another folder, or --overwrite");
    }
    ClassFiles.write(folder.resolve(CLASSES), classes());
    AtomicFile.writeString(file, Json.text(mine.toJson()));
  }

  private static Provenance read(Path file) throws IOException {
    try {
      JsonObject json = JsonParser.parseString(Files.readString(file)).getAsJsonObject();
      return Provenance.fromJson(json);
    } catch (JsonParseException | IllegalStateException e) {
      throw new CorruptFileException(
          file + " is damaged: " + e.getMessage() + "; --overwrite writes it anew", e);
    }
  }

  private ClassFiles.LabelClasses classes() {
    return model
        .names()
        .map(names -> new ClassFiles.LabelClasses(names.classes(), names.classes().size()))
        .orElseGet(() -> new ClassFiles.LabelClasses(clusters(), -1));
  }

  private ClassList clusters() {
    List<ClassList.NamedClass> clusters = new ArrayList<>();
    for (int i = 0; i < model.clusters(); i++) {
      clusters.add(new ClassList.NamedClass("cluster " + i, Segmentation.clusterColor(i)));
    }
    return new ClassList(clusters);
  }

  /** Where the map of one image is. */
  Path map(String stem) {
    return folder.resolve(stem + MAP);
  }

  /** Whether an image is done. */
  boolean holds(String stem) {
    return Files.exists(map(stem));
  }

  /** Writes the overlay, then the map, whose presence means that the image is done. */
  void write(String stem, Segmentation segments, BufferedImage image) throws IOException {
    Files.createDirectories(map(stem).getParent());
    Pictures.write(segments.overlayWithLegend(image), folder.resolve(stem + OVERLAY));
    if (model.names().isPresent()) {
      segments.writeClassPng(map(stem), model.names().get().classes().size());
    } else {
      segments.writeIndexPng(map(stem));
    }
  }
}
