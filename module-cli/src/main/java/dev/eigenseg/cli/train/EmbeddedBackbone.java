package dev.eigenseg.cli.train;

import dev.eigenseg.api.Backbones;
import dev.eigenseg.api.IncompatibleException;
import dev.eigenseg.cli.input.NamedBackbone;
import dev.eigenseg.cli.session.Session;
import dev.eigenseg.infer.SegmenterFile;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Optional;

/** Puts the backbone of a model into its file. */
final class EmbeddedBackbone {
  private static final String VIT = "vit:";

  private EmbeddedBackbone() {}

  /** Refuses a model, or a bank, whose backbone cannot be embedded. */
  static void require(Path file, String spec) {
    SegmenterFile.requireEmbeddable(file, spec);
  }

  /**
   * Writes a model with its backbone.
   *
   * @param spec of the backbone, else it is looked for
   * @param output may be {@code model}
   */
  static void write(Session session, Path model, Optional<String> spec, Path output)
      throws IOException {
    String found;
    String sha256;
    try (SegmenterFile file = SegmenterFile.open(model)) {
      require(model, file.info().backboneSpec());
      sha256 = file.info().backboneSha256();
      found = spec.isPresent() ? spec.get() : Backbones.find(model, file.info());
    }
    if (!found.startsWith(VIT)) {
      throw new IncompatibleException(
          "'%s' cannot be embedded: only a Vision Transformer's safetensors file, vit:FILE, can"
              .formatted(found));
    }
    SegmenterFile.embed(model, Path.of(found.substring(VIT.length())), output);
    if (spec.isPresent()) {
      NamedBackbone.remember(session, found, sha256);
    }
  }
}
