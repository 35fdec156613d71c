package dev.eigenseg.spark;

import dev.eigenseg.api.Backbone;
import dev.eigenseg.api.Backbones;
import dev.eigenseg.api.IncompatibleException;
import java.io.IOException;
import java.io.Serializable;
import java.nio.file.Path;
import java.util.Map;
import java.util.TreeMap;

/**
 * A backbone that executors open, each of them once, when its first task needs it. All tasks of an
 * executor share it; it is closed when the executor's JVM ends.
 */
public final class BackboneSource implements Serializable {
  private static final long serialVersionUID = 1;
  private static final OncePerJvm<Key, Backbone> OPEN = new OncePerJvm<>("eigenseg-backbones");

  private final Key key;

  /** What tells one backbone from another. */
  private record Key(String spec, String device, TreeMap<String, String> settings)
      implements Serializable {}

  private BackboneSource(Key key) {
    this.key = key;
  }

  /** A backbone on the CPU, with its own settings; see {@link #of(String, String, Map)}. */
  public static BackboneSource of(String spec) {
    return of(spec, "cpu", Map.of());
  }

  /**
   * A backbone.
   *
   * @param spec such as {@code "vit:/weights/dinov2.safetensors"}; the file is found under this
   *     path, or under its name among the files that Spark was given
   * @param device {@code "cpu"} or {@code "cuda:0"}
   * @param settings how weights are read, as {@link Backbones#open(String, String, Map)} takes them
   */
  public static BackboneSource of(String spec, String device, Map<String, String> settings) {
    return new BackboneSource(new Key(spec, device, new TreeMap<>(settings)));
  }

  String spec() {
    return key.spec();
  }

  String device() {
    return key.device();
  }

  /** This JVM's backbone; borrowed. */
  Backbone backbone() throws IOException {
    return OPEN.get(key, () -> Backbones.open(here(key.spec()), key.device(), key.settings()));
  }

  /**
   * This JVM's backbone, if it has the weights that the driver's has.
   *
   * @throws IncompatibleException if it has others
   */
  Backbone backbone(String sha256) throws IOException {
    Backbone backbone = backbone();
    if (!backbone.sha256().equals(sha256)) {
      throw new IncompatibleException(
          "backbone '%s' has SHA-256 %s here, but %s on the driver; give all machines the same weights"
              .formatted(key.spec(), backbone.sha256(), sha256));
    }
    return backbone;
  }

  /** A specification with the place where this machine has the file. */
  static String here(String text) {
    String spec = Backbones.specification(text);
    int colon = spec.indexOf(':');
    if (colon < 0) {
      return spec;
    }
    return spec.substring(0, colon + 1) + SharedFile.place(Path.of(spec.substring(colon + 1)));
  }
}
