package dev.eigenseg.cli.evaluate;

import com.google.gson.JsonElement;
import dev.eigenseg.api.BadInputException;
import dev.eigenseg.api.ClassList;
import dev.eigenseg.api.ClusterNames;
import dev.eigenseg.api.Segmentation;
import dev.eigenseg.api.internal.file.JsonText;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;

/**
 * Names that a person gave to clusters: a JSON object such as {@code {"0": "sky", "7": "road"}}.
 */
final class NamesFile {
  /** How such names were found, in {@link ClusterNames#matching()}. */
  static final String MATCHING = "names";

  private static final String EXAMPLE = "{\"0\": \"sky\", \"7\": \"road\"}";

  private NamesFile() {}

  /**
   * Reads a file. Classes stand in the order in which their names first appear.
   *
   * @throws BadInputException if it is anything else, or names a cluster that the model does not
   *     have
   */
  static ClusterNames read(Path file, int clusters) throws IOException {
    List<String> names = new ArrayList<>();
    int[] classOfCluster = new int[clusters];
    Arrays.fill(classOfCluster, -1);
    for (Map.Entry<String, JsonElement> entry : JsonText.object(file, EXAMPLE).entrySet()) {
      String name = name(file, entry);
      if (!names.contains(name)) {
        names.add(name);
      }
      classOfCluster[cluster(file, entry.getKey(), clusters)] = names.indexOf(name);
    }
    if (names.isEmpty()) {
      throw new BadInputException(file + " names no cluster");
    }
    List<ClassList.NamedClass> classes = new ArrayList<>();
    for (String name : names) {
      classes.add(new ClassList.NamedClass(name, Segmentation.clusterColor(classes.size())));
    }
    return new ClusterNames(new ClassList(classes), classOfCluster, MATCHING);
  }

  private static String name(Path file, Map.Entry<String, JsonElement> entry) {
    if (!entry.getValue().isJsonPrimitive() || entry.getValue().getAsString().isBlank()) {
      throw new BadInputException(
          "%s: cluster %s has no name, found %s".formatted(file, entry.getKey(), entry.getValue()));
    }
    return entry.getValue().getAsString();
  }

  private static int cluster(Path file, String key, int clusters) {
    try {
      int cluster = Integer.parseInt(key);
      if (cluster >= 0 && cluster < clusters) {
        return cluster;
      }
    } catch (NumberFormatException e) {
      throw new BadInputException(
          "%s: '%s' is not the number of a cluster".formatted(file, key), e);
    }
    throw new BadInputException(
        "%s: there is no cluster %s, the model has 0 to %d".formatted(file, key, clusters - 1));
  }
}
