package dev.eigenseg.train.study;

import java.nio.file.Path;
import java.util.Optional;

/**
 * A backbone of a study, and where its weights come from.
 *
 * @param kind the first part of a specification, such as {@code "vit"}
 * @param file the name of the weights in their folder, or the whole file for a backbone that the
 *     user named; empty for a backbone without weights
 * @param source where to get the file, for people to read
 */
public record StudyBackbone(String kind, Optional<String> file, String source) {
  private static final String VIT = "vit";

  /** A Vision Transformer by timm's name, as {@code weights pull} stores it. */
  public static StudyBackbone vit(String name) {
    return new StudyBackbone(
        VIT,
        Optional.of(name + ".safetensors"),
        "eigenseg weights pull %s (https://huggingface.co/timm/%s)".formatted(name, name));
  }

  /** The MobileNetV2 of the reference experiment. */
  public static StudyBackbone mobileNet() {
    return new StudyBackbone(
        "torchscript",
        Optional.of("mobilenetv2-dense.pt"),
        "a TorchScript module with three outputs low, mid and high, made from "
            + "tf2_mobilenet_v2_1.0_224_ptq.tflite of https://github.com/google-coral/test_data; "
            + "any other backbone is named with -b");
  }

  /** One that the user names, such as {@code "descriptor"} or {@code "vit:FILE"}. */
  public static StudyBackbone named(String spec) {
    int colon = spec.indexOf(':');
    return colon < 0
        ? new StudyBackbone(spec, Optional.empty(), "built in")
        : new StudyBackbone(
            spec.substring(0, colon),
            Optional.of(Path.of(spec.substring(colon + 1)).toAbsolutePath().toString()),
            "the file that was named");
  }

  /**
   * The weights, which may be missing.
   *
   * @param folder of weights; a file with a whole path of its own is taken as it is
   */
  public Optional<Path> weights(Path folder) {
    return file.map(folder::resolve);
  }

  /** The specification, as {@code extract -b} takes it. */
  public String spec(Path folder) {
    return kind + weights(folder).map(path -> ":" + path).orElse("");
  }

  /** Whether {@code weights pull} fetches the file. */
  public boolean pulled() {
    return source.startsWith("eigenseg weights pull");
  }

  /** A short name for files. */
  String label() {
    return file.map(name -> Path.of(name).getFileName().toString())
        .map(name -> name.substring(0, Math.max(name.lastIndexOf('.'), 1)))
        .orElse(kind);
  }
}
