package dev.eigenseg.api;

import dev.eigenseg.api.internal.file.NamedWeights;
import dev.eigenseg.api.internal.file.RecordedBackbone;
import dev.eigenseg.api.internal.file.RegularFile;
import dev.eigenseg.api.internal.file.Shards;
import dev.eigenseg.api.internal.file.WeightsFolder;
import dev.eigenseg.api.internal.kernel.WarmUp;
import dev.eigenseg.api.internal.resource.Closing;
import dev.eigenseg.api.internal.service.Services;
import dev.eigenseg.api.spi.SegmenterLoader;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.ServiceLoader;
import java.util.Set;

/**
 * Opens segmenters: finds the loader that knows the file, and the backbone that the model needs.
 */
final class Segmenters {
  private static final String LOADER = "dev.eigenseg.infer.segment.SafetensorsSegmenterLoader";

  private Segmenters() {}

  static Segmenter load(Path model) throws IOException {
    return load(model, backbone(model));
  }

  /** The backbone in the model's file, or the one that is found. */
  static Backbone backbone(Path model) throws IOException {
    SegmenterLoader loader = loader(model);
    warmUp();
    Optional<Backbone> embedded = embeddedBackbone(loader, model);
    if (embedded.isPresent()) {
      return embedded.get();
    }
    ModelInfo info = loader.info(model);
    return Backbones.open(findBackbone(model, info), "cpu", info.backboneSettings());
  }

  // The compiler works on the kernels from the first moment on. That they cannot be there is said
  // by whoever needs them.
  private static void warmUp() {
    if (Services.incubatorHint().isEmpty()) {
      WarmUp.start();
    }
  }

  static ModelInfo info(Path model) throws IOException {
    return loader(model).info(model);
  }

  private static Optional<Backbone> embeddedBackbone(SegmenterLoader loader, Path model)
      throws IOException {
    try {
      return loader.embeddedBackbone(model);
    } catch (LinkageError e) {
      throw missing(model, e);
    }
  }

  static Segmenter load(Path model, String spec, String device) throws IOException {
    warmUp();
    return load(model, Backbones.of(model, spec, device));
  }

  static Segmenter load(Path model, Backbone backbone) throws IOException {
    SegmenterLoader loader;
    try {
      loader = loader(model);
    } catch (IOException | RuntimeException e) {
      Closing.after(e, backbone);
      throw e;
    }
    return load(loader, model, backbone);
  }

  // From here on the loader owns the backbone, also if it fails.
  private static Segmenter load(SegmenterLoader loader, Path model, Backbone backbone)
      throws IOException {
    try {
      return loader.load(model, backbone);
    } catch (LinkageError e) {
      Closing.after(e, backbone);
      throw missing(model, e);
    }
  }

  private static UnavailableException missing(Path model, LinkageError e) {
    return new UnavailableException(
        "%s cannot be opened: a class is missing or does not fit (%s)%s"
            .formatted(model, e.getMessage(), Services.incubatorHint()),
        e);
  }

  // Before anything of it is needed: which class misses it first differs from model to model.
  private static void requireVectors(Path model) {
    if (!Services.incubatorHint().isEmpty()) {
      throw new UnavailableException(
          "%s cannot be opened: the Vector API is not there%s"
              .formatted(model, Services.incubatorHint()));
    }
  }

  private static SegmenterLoader loader(Path model) throws IOException {
    RegularFile.require(model);
    if (!Files.isRegularFile(model)) {
      throw new BadInputException(
          model + ": there is no such model file; check the path, or make one with train");
    }
    requireVectors(model);
    Services.Found<SegmenterLoader> found =
        Services.find(
            Segmenters.class, classes -> ServiceLoader.load(SegmenterLoader.class, classes));
    if (found.providers().isEmpty()) {
      throw new UnavailableException(
          "nothing here can open segmenter files; add the module dev.eigenseg.infer"
              + Services.unmergedHint(Segmenters.class, SegmenterLoader.class, LOADER)
              + String.join("", found.failures().stream().map(f -> "; " + f).toList()));
    }
    for (SegmenterLoader loader : found.providers()) {
      if (loader.recognises(model)) {
        return loader;
      }
    }
    throw new BadInputException(
        model + ": not a segmenter file of a known format; give a file that train wrote");
  }

  /** As the other, in all the places that users know of. */
  static String findBackbone(Path file, ModelInfo info) throws IOException {
    return findBackbone(file, info, WeightsFolder.searchPath(), NamedWeights.ofUser());
  }

  /**
   * The specification under which a backbone can be opened here. Weights are known by their hash
   * alone: names change, and a wrong backbone gives wrong segments silently. The folder that was
   * recorded is not looked at: a file that somebody else has written decides on no path that is
   * opened here.
   *
   * @param file the model, or the bank
   * @param info what it says of its backbone
   * @param searchPath files and folders to look in besides the file's own folder
   * @param named what the user has named before
   */
  static String findBackbone(Path file, ModelInfo info, List<Path> searchPath, NamedWeights named)
      throws IOException {
    RecordedBackbone recorded = RecordedBackbone.of(info.backboneSpec());
    if (!info.backboneSpec().contains(":")) {
      return info.backboneSpec();
    }
    Optional<String> mismatch = Optional.empty();
    Set<Path> places = recorded.candidates(file, searchPath);
    Set<Path> candidates = new LinkedHashSet<>(places);
    candidates.addAll(named.files(info.backboneSha256()));
    for (Path candidate : candidates) {
      if (!Files.isRegularFile(candidate)) {
        continue;
      }
      String hash = Shards.sha256(candidate);
      if (hash.equals(info.backboneSha256())) {
        return recorded.scheme() + ":" + candidate;
      }
      if (mismatch.isEmpty()) {
        mismatch = Optional.of("%s has SHA-256 %s".formatted(candidate, hash));
      }
    }
    if (mismatch.isPresent()) {
      throw new IncompatibleException(
          "%s was made with backbone '%s' with SHA-256 %s, but %s; give the right one with -b, or Segmenter.load(path, backbone)"
              .formatted(file, info.backboneId(), info.backboneSha256(), mismatch.get()));
    }
    throw new UnavailableException(
        ("%s needs backbone '%s' (%s, SHA-256 %s), which is none of %s, nor a file that was named with -b before; "
                + "name it with -b, put it beside that file or into %s, or use Segmenter.load(path, backbone)")
            .formatted(
                file,
                info.backboneId(),
                recorded,
                info.backboneSha256(),
                places,
                WeightsFolder.VARIABLE));
  }
}
