package dev.eigenseg.cli.segment;

import dev.eigenseg.api.BadInputException;
import dev.eigenseg.api.ClassFiles;
import dev.eigenseg.api.ClassList;
import dev.eigenseg.api.CorruptFileException;
import dev.eigenseg.api.Images;
import dev.eigenseg.api.IncompatibleException;
import dev.eigenseg.api.ModelInfo;
import dev.eigenseg.api.Provenance;
import dev.eigenseg.api.Segmentation;
import dev.eigenseg.api.internal.file.AtomicFile;
import dev.eigenseg.api.internal.file.Hashes;
import dev.eigenseg.api.internal.file.JsonText;
import dev.eigenseg.api.internal.file.ResultNames;
import dev.eigenseg.cli.input.Inputs;
import dev.eigenseg.cli.mask.ImageMask;
import dev.eigenseg.cli.session.Json;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SequencedMap;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** A folder of label maps and overlays, all of one model and one way to look at images. */
final class SegmentFolder {
  private final Path folder;
  private final ModelInfo model;
  private final String modelSha256;
  private final Map<String, String> settings;
  private final SegmentRecord record;

  private SegmentFolder(
      Path folder,
      ModelInfo model,
      String modelSha256,
      Map<String, String> settings,
      SegmentRecord record) {
    this.folder = folder;
    this.model = model;
    this.modelSha256 = modelSha256;
    this.settings = settings;
    this.record = record;
  }

  /**
   * Reads what is in a folder, if it exists; changes nothing.
   *
   * @param settings the options that shape the results
   */
  static SegmentFolder open(
      Path folder, ModelInfo model, Path modelFile, SequencedMap<String, String> settings)
      throws IOException {
    return new SegmentFolder(
        folder,
        model,
        Hashes.sha256(modelFile),
        Collections.unmodifiableMap(new LinkedHashMap<>(settings)),
        SegmentRecord.open(folder));
  }

  private String settingsText() {
    return text(settings);
  }

  // In the order of names: a provenance that was read knows no other.
  private static String text(Map<String, String> settings) {
    return new TreeMap<>(settings)
        .entrySet().stream()
            .map(option -> "--" + option.getKey() + " " + option.getValue())
            .collect(Collectors.joining(" "));
  }

  /**
   * Creates the folder and says whose results are in it. Overwriting deletes the results of other
   * models and settings: one classes.json and one provenance cannot explain them all.
   *
   * @param images the images to segment, by the names of their results
   * @throws IncompatibleException if it holds the results of another model or of other settings, or
   *     of other images under the same names, and these may not be overwritten
   * @throws BadInputException if an image is itself one of the results to be replaced
   */
  void prepare(SequencedMap<String, Inputs.Input> images, boolean overwrite) throws IOException {
    List<Path> obsolete = overwrite ? filesMadeOtherwise() : List.of();
    refuseToReplaceInputs(images, obsolete);
    Files.createDirectories(folder);
    Provenance mine = Provenance.here("segment", settings, Map.of("model", modelSha256), 0, "cpu");
    Path file = folder.resolve(ResultNames.PROVENANCE);
    if (!overwrite) {
      if (Files.exists(file)) {
        refuseOthers(read(file), mine);
      }
      for (var image : images.entrySet()) {
        refuseOtherSource(image.getKey(), image.getValue().path());
      }
    }
    for (Path old : obsolete) {
      Files.deleteIfExists(old);
    }
    record.keepOnly(modelSha256, settingsText());
    ClassFiles.write(folder.resolve(ResultNames.CLASSES), classes());
    AtomicFile.writeString(file, Json.text(mine.toJson()));
  }

  private void refuseOthers(Provenance found, Provenance mine) {
    if (!found.inputs().equals(mine.inputs())) {
      throw new IncompatibleException(
          folder
              + " holds the results of another model, or of this one before 'match' changed it; choose another folder, or --overwrite");
    }
    if (!found.settings().equals(mine.settings())) {
      throw new IncompatibleException(
          "%s holds results that were made with %s, not with %s; choose another folder, or --overwrite"
              .formatted(folder, named(text(found.settings())), named(settingsText())));
    }
  }

  private static String named(String settings) {
    return settings.isEmpty() ? "the defaults" : settings;
  }

  private List<Path> filesMadeOtherwise() {
    return record.madeOtherwise(modelSha256, settingsText()).stream()
        .flatMap(origin -> Stream.of(map(origin.name()), overlay(origin.name())))
        .filter(file -> file.normalize().startsWith(folder.normalize()))
        .toList();
  }

  private void refuseToReplaceInputs(SequencedMap<String, Inputs.Input> images, List<Path> obsolete)
      throws IOException {
    Set<Path> replaced = new HashSet<>();
    for (Path file : obsolete) {
      addReal(file, replaced);
    }
    for (String stem : images.keySet()) {
      addReal(map(stem), replaced);
      addReal(overlay(stem), replaced);
    }
    for (Inputs.Input image : images.values()) {
      if (Files.exists(image.path()) && replaced.contains(image.path().toRealPath())) {
        throw new BadInputException(
            "the result would overwrite the image "
                + image.path()
                + "; choose another folder with -o");
      }
    }
  }

  private static void addReal(Path file, Set<Path> files) throws IOException {
    if (Files.exists(file)) {
      files.add(file.toRealPath());
    }
  }

  // An image that was edited in its place is segmented again, but another image's result is not
  // replaced unasked.
  private void refuseOtherSource(String stem, Path image) {
    if (!Files.exists(map(stem))) {
      return;
    }
    String source = image.toAbsolutePath().normalize().toString();
    Optional<String> found = record.origin(stem).map(SegmentRecord.Origin::source);
    if (!found.equals(Optional.of(source))) {
      throw new IncompatibleException(
          "%s was made from %s, not from %s; choose another folder, or --overwrite"
              .formatted(map(stem), found.orElse("something unknown"), source));
    }
  }

  private static Provenance read(Path file) throws IOException {
    try {
      return Provenance.fromJson(JsonText.object(file, "{\"task\": \"segment\"}"));
    } catch (BadInputException | CorruptFileException e) {
      throw new CorruptFileException(
          file + " is damaged: " + e.getMessage() + "; --overwrite writes it anew", e);
    }
  }

  /** What the values of the label maps mean. */
  ClassFiles.LabelClasses classes() {
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

  private Path map(String stem) {
    return folder.resolve(ResultNames.map(stem));
  }

  private Path overlay(String stem) {
    return folder.resolve(ResultNames.overlay(stem));
  }

  /** The images whose label maps are there, in their order. */
  List<ImageMask> masks(SequencedMap<String, Inputs.Input> images) {
    return images.entrySet().stream()
        .filter(image -> Files.exists(map(image.getKey())))
        .map(image ->
            new ImageMask(
                image.getValue().name(),
                image.getKey(),
                image.getValue().path(),
                map(image.getKey())))
        .toList();
  }

  /** Where the result of an image would come from; empty if there is no such image. */
  Optional<SegmentRecord.Origin> origin(String stem, Path image) throws IOException {
    return Files.exists(image)
        ? Optional.of(SegmentRecord.Origin.of(stem, image, modelSha256, settingsText()))
        : Optional.empty();
  }

  /** Whether the result of this very image, unchanged since, is there. */
  boolean holds(SegmentRecord.Origin origin) {
    return Files.exists(map(origin.name()))
        && record.origin(origin.name()).equals(Optional.of(origin));
  }

  /**
   * Writes the overlay, then the map, whose presence means that the image is done.
   *
   * @param origin of the image as it was before it was read
   */
  void write(SegmentRecord.Origin origin, Segmentation segments, BufferedImage image)
      throws IOException {
    Path map = map(origin.name());
    Files.createDirectories(map.getParent());
    // The line comes before the map, since a map without one is taken for somebody else's; and an
    // older map must not be there by then, since it would pass for the result of this image.
    Files.deleteIfExists(map);
    record.add(origin);
    Images.writePng(segments.overlayWithLegend(image), overlay(origin.name()));
    if (model.names().isPresent()) {
      segments.writeClassPng(map, model.names().get().classes().size());
    } else {
      segments.writeIndexPng(map);
    }
  }
}
