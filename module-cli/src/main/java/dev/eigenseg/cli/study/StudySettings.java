package dev.eigenseg.cli.study;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import dev.eigenseg.api.IncompatibleException;
import dev.eigenseg.api.internal.file.AtomicFile;
import dev.eigenseg.cli.session.Json;
import dev.eigenseg.train.study.Study;
import dev.eigenseg.train.study.StudySplit;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;

/**
 * What all studies in one folder have to agree in, since they share banks and models: the number of
 * images, and where each dataset is. The rest is in the names and headers of the files.
 */
final class StudySettings {
  private static final String FILE = "settings.json";
  private static final String LIMIT = "limit";

  private final Path file;
  private final JsonObject wanted = new JsonObject();

  /** The settings of a study in its place. */
  StudySettings(Study study, StudyPlaces places) {
    file = places.output().resolve(FILE);
    wanted.addProperty(LIMIT, places.limit().map(Object::toString).orElse("none"));
    for (StudySplit split : study.splits()) {
      Path root = places.root(split.dataset()).orElseThrow();
      wanted.addProperty(
          "root of " + split.dataset(), root.toAbsolutePath().normalize().toString());
    }
  }

  /**
   * Writes them beside those of earlier studies.
   *
   * @throws IncompatibleException if one of those differs
   */
  void agree() throws IOException {
    JsonObject all =
        Files.exists(file)
            ? JsonParser.parseString(Files.readString(file)).getAsJsonObject()
            : new JsonObject();
    for (Map.Entry<String, JsonElement> entry : wanted.entrySet()) {
      JsonElement before = all.get(entry.getKey());
      if (before != null && !before.equals(entry.getValue())) {
        throw new IncompatibleException(
            "%s holds work with another %s: %s there, %s asked for; choose another folder with -o"
                .formatted(file.getParent(), entry.getKey(), before, entry.getValue()));
      }
      all.add(entry.getKey(), entry.getValue());
    }
    AtomicFile.writeString(file, Json.text(all));
  }
}
