package dev.eigenseg.spark;

import dev.eigenseg.api.BadInputException;
import dev.eigenseg.api.Segmenter;
import java.io.IOException;
import java.io.Serializable;
import java.nio.file.Path;

/**
 * A model that executors open, each of them once, when its first task needs it. All tasks of an
 * executor share the segmenter; it is closed when the executor's JVM ends.
 *
 * <p>The file is found under the driver's path or among the files that Spark was given ({@code
 * --files}, {@code addFile}), and must have the content that it has on the driver. Its backbone is
 * the one that it embeds, or is looked for as on one machine, or has a specification of its own.
 */
public final class ModelFile implements Serializable {
  private static final long serialVersionUID = 1;
  private static final OncePerJvm<ModelFile.Key, Segmenter> OPEN =
      new OncePerJvm<>("eigenseg-models");

  private final Key key;

  /** What tells one segmenter from another; no specification is an empty one. */
  private record Key(SharedFile file, String spec, String device) implements Serializable {}

  private ModelFile(Key key) {
    this.key = key;
  }

  /**
   * A model with the backbone that it embeds, or that is found beside it.
   *
   * @param model as the driver sees it
   * @throws BadInputException if there is no such file
   */
  public static ModelFile of(Path model) throws IOException {
    return new ModelFile(new Key(SharedFile.of(model), "", "cpu"));
  }

  /**
   * The same model with the backbone of a specification.
   *
   * @param spec such as {@code "vit:/weights/dinov2.safetensors"}; the file is found as the model's
   * @param device {@code "cpu"} or {@code "cuda:0"}
   */
  public ModelFile withBackbone(String spec, String device) {
    return new ModelFile(new Key(key.file(), spec, device));
  }

  /** This JVM's segmenter for the model; borrowed. */
  Segmenter segmenter() throws IOException {
    return OPEN.get(key, this::open);
  }

  private Segmenter open() throws IOException {
    Path file = key.file().here();
    return key.spec().isEmpty()
        ? Segmenter.load(file)
        : Segmenter.load(file, BackboneSource.here(key.spec()), key.device());
  }

  @Override
  public String toString() {
    return key.file().path();
  }
}
