package dev.eigenseg.api;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import java.util.Collections;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * Where an artefact comes from. Holds no times and no thread counts, so that the same work leaves
 * the same provenance.
 *
 * @param task what made it, such as {@code "extract"}
 * @param settings the options that shaped it, by their names
 * @param inputs SHA-256 or CRC of what it was made from, by name
 * @param seed the seed of its random numbers
 * @param versions of {@code "eigenseg"}, {@code "jvm"}, {@code "os"}, {@code "device"} and of
 *     libraries
 */
public record Provenance(
    String task,
    SortedMap<String, String> settings,
    SortedMap<String, String> inputs,
    long seed,
    SortedMap<String, String> versions) {
  /** What the name of an input's recipe ends with. */
  public static final String RECIPE = "-recipe";

  /** Copies the maps. */
  public Provenance {
    settings = Collections.unmodifiableSortedMap(new TreeMap<>(settings));
    inputs = Collections.unmodifiableSortedMap(new TreeMap<>(inputs));
    versions = Collections.unmodifiableSortedMap(new TreeMap<>(versions));
  }

  /**
   * The provenance of work done by this process.
   *
   * @param device where the numbers were computed, such as {@code "cpu"}
   */
  public static Provenance here(
      String task,
      Map<String, String> settings,
      Map<String, String> inputs,
      long seed,
      String device) {
    SortedMap<String, String> versions = new TreeMap<>();
    versions.put("eigenseg", version());
    versions.put("jvm", Runtime.version() + " " + System.getProperty("java.vm.name"));
    versions.put(
        "os",
        "%s %s %s"
            .formatted(
                System.getProperty("os.name"),
                System.getProperty("os.version"),
                System.getProperty("os.arch")));
    versions.put("device", device);
    return new Provenance(task, new TreeMap<>(settings), new TreeMap<>(inputs), seed, versions);
  }

  /** This provenance with more settings, such as those that were chosen during the work. */
  public Provenance withSettings(Map<String, String> added) {
    SortedMap<String, String> more = new TreeMap<>(settings);
    more.putAll(added);
    return new Provenance(task, more, inputs, seed, versions);
  }

  /** This provenance with one more version, such as that of a library. */
  public Provenance withVersion(String name, String version) {
    SortedMap<String, String> more = new TreeMap<>(versions);
    more.put(name, version);
    return new Provenance(task, settings, inputs, seed, more);
  }

  /**
   * What this work has in common with the same work of other seeds: the seed is 0 and not among the
   * settings, versions are left out, and so is each input that depends on a seed itself, beside
   * which stands another, named after it and {@value #RECIPE}, that does not.
   */
  public Provenance recipe() {
    SortedMap<String, String> common = new TreeMap<>(settings);
    common.remove("seed");
    SortedMap<String, String> kept = new TreeMap<>(inputs);
    kept.keySet().removeIf(name -> inputs.containsKey(name + RECIPE));
    return new Provenance(task, common, kept, 0, new TreeMap<>());
  }

  /** The version of Eigenseg, or {@code "unknown"} where neither a module nor a jar tells it. */
  public static String version() {
    return Optional.ofNullable(Provenance.class.getModule().getDescriptor())
        .flatMap(descriptor -> descriptor.rawVersion())
        .or(() -> Optional.ofNullable(Provenance.class.getPackage().getImplementationVersion()))
        .orElse("unknown");
  }

  /** This provenance as JSON, members in a fixed order. */
  public JsonObject toJson() {
    JsonObject json = new JsonObject();
    json.addProperty("task", task);
    json.addProperty("seed", seed);
    json.add("settings", toJson(settings));
    json.add("inputs", toJson(inputs));
    json.add("versions", toJson(versions));
    return json;
  }

  /**
   * Reads what {@link #toJson()} wrote.
   *
   * @throws CorruptFileException if a member is missing or of another kind
   */
  public static Provenance fromJson(JsonObject json) {
    try {
      return new Provenance(
          json.get("task").getAsString(),
          strings(json.getAsJsonObject("settings")),
          strings(json.getAsJsonObject("inputs")),
          json.get("seed").getAsLong(),
          strings(json.getAsJsonObject("versions")));
    } catch (RuntimeException e) {
      // Gson reports what is missing or of another kind by several unrelated exceptions.
      throw new CorruptFileException("not a provenance: " + json, e);
    }
  }

  private static JsonObject toJson(SortedMap<String, String> map) {
    JsonObject json = new JsonObject();
    map.forEach(json::addProperty);
    return json;
  }

  private static SortedMap<String, String> strings(JsonObject json) {
    SortedMap<String, String> map = new TreeMap<>();
    for (Map.Entry<String, JsonElement> member : json.entrySet()) {
      map.put(member.getKey(), member.getValue().getAsString());
    }
    return map;
  }
}
