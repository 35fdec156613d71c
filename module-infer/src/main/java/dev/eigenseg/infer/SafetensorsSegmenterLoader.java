package dev.eigenseg.infer;

import dev.eigenseg.api.Backbone;
import dev.eigenseg.api.Backbones;
import dev.eigenseg.api.IncompatibleException;
import dev.eigenseg.api.ModelInfo;
import dev.eigenseg.api.Segmenter;
import dev.eigenseg.api.internal.resource.Closing;
import dev.eigenseg.api.spi.SegmenterLoader;
import dev.eigenseg.infer.vit.VitBackbone;
import dev.eigenseg.infer.vit.VitCheckpoint;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;

/** Opens the segmenter files that {@link SegmenterFile} writes; runs them on the Vector API. */
public final class SafetensorsSegmenterLoader implements SegmenterLoader {
  // The format stands at the very beginning of the metadata, which is the beginning of the header.
  private static final int HEADER_PREFIX = 4096;

  /** For the service loader. */
  public SafetensorsSegmenterLoader() {}

  @Override
  public boolean recognises(Path model) throws IOException {
    byte[] prefix;
    try (InputStream in = Files.newInputStream(model)) {
      prefix = in.readNBytes(Long.BYTES + HEADER_PREFIX);
    }
    if (prefix.length < Long.BYTES) {
      return false;
    }
    long headerBytes = ByteBuffer.wrap(prefix).order(ByteOrder.LITTLE_ENDIAN).getLong(0);
    int length = Math.clamp(headerBytes, 0, prefix.length - Long.BYTES);
    return new String(prefix, Long.BYTES, length, StandardCharsets.UTF_8)
        .contains("\"" + SegmenterFile.FORMAT + "\"");
  }

  @Override
  public ModelInfo info(Path model) throws IOException {
    try (SegmenterFile file = SegmenterFile.openUnchecked(model)) {
      return file.info();
    }
  }

  @Override
  public Optional<Backbone> embeddedBackbone(Path model) throws IOException {
    try (SegmenterFile file = SegmenterFile.openBackbone(model)) {
      if (file.backbone().isEmpty()) {
        return Optional.empty();
      }
      // It is the backbone of training, known by the hash of the file that it came from; the bytes
      // here have checksums of their own.
      ModelInfo info = file.info();
      return Optional.of(
          Backbones.looking(
              info.backboneSettings(),
              settings -> {
                try (VitCheckpoint checkpoint =
                    VitCheckpoint.borrow(file.mapping(), SegmenterFile.BACKBONE, settings)) {
                  return new VitBackbone(checkpoint, info.backboneId(), info::backboneSha256);
                }
              }));
    }
  }

  @Override
  public Segmenter load(Path model, Backbone backbone) throws IOException {
    try (SegmenterFile file = SegmenterFile.openModel(model)) {
      checkBackbone(model, file.model(), backbone);
      return new LoadedSegmenter(file.model(), backbone);
    } catch (IOException | RuntimeException | Error e) {
      Closing.after(e, backbone);
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
                  info.backboneSpec()));
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
