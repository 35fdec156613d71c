package dev.eigenseg.infer.segment;

import dev.eigenseg.api.Backbone;
import dev.eigenseg.api.Backbones;
import dev.eigenseg.api.IncompatibleException;
import dev.eigenseg.api.ModelInfo;
import dev.eigenseg.api.Segmenter;
import dev.eigenseg.api.internal.file.RecordedBackbone;
import dev.eigenseg.api.internal.kernel.Parallel;
import dev.eigenseg.api.internal.resource.Closing;
import dev.eigenseg.api.spi.SegmenterLoader;
import dev.eigenseg.infer.SegmenterFile;
import dev.eigenseg.infer.SegmenterModel;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicReference;

/** Opens the segmenter files that {@link SegmenterFile} writes; runs them on the Vector API. */
public final class SafetensorsSegmenterLoader implements SegmenterLoader {
  /** For the service loader. */
  public SafetensorsSegmenterLoader() {}

  @Override
  public boolean recognises(Path model) throws IOException {
    return SegmenterFile.recognises(model);
  }

  @Override
  public ModelInfo info(Path model) throws IOException {
    return SegmenterFile.info(model);
  }

  @Override
  public Optional<Backbone> embeddedBackbone(Path model) throws IOException {
    return SegmenterFile.embeddedBackbone(model);
  }

  @Override
  public Segmenter load(Path model, Backbone backbone) throws IOException {
    try (SegmenterFile file = SegmenterFile.openModel(model)) {
      return packWhileChecking(model, file.model(), backbone);
    } catch (IOException | RuntimeException | Error e) {
      Closing.after(e, backbone);
      throw e;
    }
  }

  // The hash of a backbone's file takes as long as packing.
  private static Segmenter packWhileChecking(Path path, SegmenterModel model, Backbone backbone) {
    AtomicReference<Segmenter> packed = new AtomicReference<>();
    try {
      Parallel.forEach(
          2,
          2,
          task -> {
            if (task == 0) {
              packed.set(new LoadedSegmenter(model, backbone));
            } else {
              checkBackbone(path, model, backbone);
            }
          });
      return packed.get();
    } catch (RuntimeException | Error e) {
      Closing.after(e, packed.get());
      throw e;
    }
  }

  private static void checkBackbone(Path path, SegmenterModel model, Backbone backbone) {
    ModelInfo info = model.info();
    if (!info.backboneSha256().equals(backbone.sha256())) {
      throw new IncompatibleException(
          "%s was trained on backbone '%s' with SHA-256 %s, but '%s' has %s; open the backbone '%s'"
              .formatted(
                  path,
                  info.backboneId(),
                  info.backboneSha256(),
                  backbone.id(),
                  backbone.sha256(),
                  RecordedBackbone.of(info.backboneSpec())));
    }
    if (!Backbones.equalButForTheGrid(info.backboneSettings(), backbone.settings())) {
      throw new IncompatibleException(
          "%s was trained on backbone '%s' read with %s, but it was opened with %s; leave the settings out, the model knows them"
              .formatted(path, info.backboneId(), info.backboneSettings(), backbone.settings()));
    }
    boolean sameGrid = info.backboneSettings().equals(backbone.settings());
    if (!model.dims().equals(backbone.dims())
        || (sameGrid && info.geometry().patchSize() != backbone.patchSize())) {
      throw new IncompatibleException(
          "%s expects %s with patches of %d pixels, backbone '%s' gives %s with %d"
              .formatted(
                  path,
                  model.dims(),
                  info.geometry().patchSize(),
                  backbone.id(),
                  backbone.dims(),
                  backbone.patchSize()));
    }
  }
}
