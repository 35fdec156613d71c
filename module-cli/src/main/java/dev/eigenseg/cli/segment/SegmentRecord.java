package dev.eigenseg.cli.segment;

import com.google.gson.Gson;
import com.google.gson.GsonBuilder;
import com.google.gson.JsonSyntaxException;
import dev.eigenseg.api.internal.file.AtomicFile;
import dev.eigenseg.api.internal.file.RegularFile;
import dev.eigenseg.api.internal.file.ResultNames;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Optional;
import java.util.SequencedMap;
import java.util.stream.Collectors;

/**
 * Which image, model and settings each result in a folder was made from: a line of JSON for every
 * result, the last one of a name counts. Thread-safe.
 */
final class SegmentRecord {
  private static final Gson GSON = new GsonBuilder().disableHtmlEscaping().create();

  /**
   * The origin of one result.
   *
   * @param name of the result
   * @param source absolute path of the image
   * @param bytes its size
   * @param modified when it was last changed, in milliseconds since 1970
   * @param model SHA-256 of the model
   * @param settings the options that shaped it; empty for the defaults, and in older files
   */
  record Origin(
      String name, String source, long bytes, long modified, String model, String settings) {
    /** Takes settings that are missing for the defaults. */
    Origin {
      settings = settings == null ? "" : settings;
    }

    /** The origin of a result that is about to be made. */
    static Origin of(String name, Path image, String model, String settings) throws IOException {
      return new Origin(
          name,
          image.toAbsolutePath().normalize().toString(),
          Files.size(image),
          Files.getLastModifiedTime(image).toMillis(),
          model,
          settings);
    }

    private boolean madeBy(String anyModel, String anySettings) {
      return model.equals(anyModel) && settings.equals(anySettings);
    }

    private boolean complete() {
      return name != null && source != null && model != null;
    }
  }

  private final Path file;
  private final SequencedMap<String, Origin> origins = new LinkedHashMap<>();

  private SegmentRecord(Path file) {
    this.file = file;
  }

  /** Reads the record of a folder; empty if it has none. */
  static SegmentRecord open(Path folder) throws IOException {
    SegmentRecord record = new SegmentRecord(folder.resolve(ResultNames.RECORD));
    if (Files.exists(record.file)) {
      for (String line : RegularFile.text(record.file).lines().toList()) {
        parse(line).ifPresent(origin -> record.origins.put(origin.name(), origin));
      }
    }
    return record;
  }

  // A line torn by a crash belongs to a result that was not yet written.
  private static Optional<Origin> parse(String line) {
    try {
      return Optional.ofNullable(GSON.fromJson(line, Origin.class)).filter(Origin::complete);
    } catch (JsonSyntaxException e) {
      return Optional.empty();
    }
  }

  synchronized Optional<Origin> origin(String name) {
    return Optional.ofNullable(origins.get(name));
  }

  /** What was made by any other model, or with other settings. */
  synchronized List<Origin> madeOtherwise(String model, String settings) {
    return origins.values().stream().filter(origin -> !origin.madeBy(model, settings)).toList();
  }

  /** Adds a line, unless it is there; it is on the disk when this returns. */
  synchronized void add(Origin origin) throws IOException {
    if (origin.equals(origins.get(origin.name()))) {
      return; // of a run that ended before the result was there
    }
    Files.writeString(
        file,
        GSON.toJson(origin) + "\n",
        StandardOpenOption.CREATE,
        LinkOption.NOFOLLOW_LINKS,
        StandardOpenOption.APPEND,
        StandardOpenOption.DSYNC);
    origins.put(origin.name(), origin);
  }

  /**
   * Writes the record anew, with only what one model made with some settings, and only one line a
   * name.
   */
  synchronized void keepOnly(String model, String settings) throws IOException {
    origins.values().removeIf(origin -> !origin.madeBy(model, settings));
    AtomicFile.writeString(
        file,
        origins.values().stream()
            .map(origin -> GSON.toJson(origin) + "\n")
            .collect(Collectors.joining()));
  }
}
