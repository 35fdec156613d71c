package dev.eigenseg.api;

import com.google.gson.JsonObject;
import com.google.gson.JsonParseException;
import com.google.gson.JsonParser;
import dev.eigenseg.api.internal.file.RegularFile;
import dev.eigenseg.api.internal.file.ResultNames;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Predicate;
import java.util.stream.Stream;

/**
 * Tells Eigenseg's own pictures from photographs, by what the commands leave beside them. Remembers
 * the folders that it has looked into; used by one thread.
 */
final class OwnResults {
  // The last two are made on demand.
  private static final Set<String> SEGMENT_FILES =
      Set.of(
          ResultNames.RECORD,
          ResultNames.CLASSES,
          ResultNames.PROVENANCE,
          "coco-rle.json",
          "coco-polygons.json");
  private static final String DEMO = "demo.json";
  private static final String DEMO_MARK = "eigenseg demo";
  private static final Set<String> DEMO_PICTURES = Set.of("comparison.png", "loss-curve.png");
  private static final Path DEMO_SCENES = Path.of("scenes");
  private static final Set<String> SPECTRAL = Set.of("eigenvectors.png", "clusters.png");

  private final Map<Path, Predicate<Path>> folders = new HashMap<>();

  /**
   * Whether Eigenseg made a file.
   *
   * @param file absolute, without links
   */
  boolean contains(Path file) throws IOException {
    for (Path folder = file.getParent(); folder != null; folder = folder.getParent()) {
      Predicate<Path> results = folders.get(folder);
      if (results == null) {
        results = results(folder);
        folders.put(folder, results);
      }
      if (results.test(file)) {
        return true;
      }
    }
    return false;
  }

  private static Predicate<Path> results(Path folder) throws IOException {
    Predicate<Path> results = file -> false;
    if (hasAll(folder, Set.of(ResultNames.RECORD, ResultNames.CLASSES, ResultNames.PROVENANCE))) {
      results = results.or(segments(folder));
    }
    if (hasAll(folder, Set.of(DEMO))
        && RegularFile.text(folder.resolve(DEMO)).contains(DEMO_MARK)) {
      results = results.or(file -> isOfDemo(folder.relativize(file)));
    }
    if (hasAll(folder, SPECTRAL)) {
      results = results.or(file -> isIn(folder, file, SPECTRAL));
    }
    return results;
  }

  private static boolean hasAll(Path folder, Set<String> names) {
    return names.stream().allMatch(name -> Files.isReadable(folder.resolve(name)));
  }

  private static boolean isIn(Path folder, Path file, Set<String> names) {
    return folder.equals(file.getParent()) && names.contains(file.getFileName().toString());
  }

  private static Predicate<Path> segments(Path folder) throws IOException {
    List<Path> copies =
        Stream.of(ResultNames.FIFTYONE, ResultNames.VOC, ResultNames.CITYSCAPES)
            .map(folder::resolve)
            .toList();
    Set<Path> made = new HashSet<>();
    SEGMENT_FILES.forEach(name -> made.add(folder.resolve(name)));
    for (String line : RegularFile.text(folder.resolve(ResultNames.RECORD)).lines().toList()) {
      name(line)
          .ifPresent(stem -> {
            made.add(folder.resolve(ResultNames.map(stem)));
            made.add(folder.resolve(ResultNames.overlay(stem)));
          });
    }
    return file -> made.contains(file) || copies.stream().anyMatch(file::startsWith);
  }

  // A line torn by a crash belongs to a result that was not written.
  private static Optional<String> name(String line) {
    try {
      JsonObject origin = JsonParser.parseString(line).getAsJsonObject();
      return Optional.ofNullable(origin.get("name")).map(name -> name.getAsString());
    } catch (JsonParseException | IllegalStateException | UnsupportedOperationException e) {
      return Optional.empty();
    }
  }

  // Its photographs are drawn too, but are what the demo is about.
  private static boolean isOfDemo(Path file) {
    return (file.getNameCount() == 1 && DEMO_PICTURES.contains(file.toString()))
        || file.startsWith(DEMO_SCENES.resolve("labels"));
  }
}
