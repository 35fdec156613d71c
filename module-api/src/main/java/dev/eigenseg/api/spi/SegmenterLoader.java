package dev.eigenseg.api.spi;

import dev.eigenseg.api.Backbone;
import dev.eigenseg.api.ModelInfo;
import dev.eigenseg.api.Segmenter;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Optional;

/** Opens segmenter files. */
public interface SegmenterLoader {
  /**
   * Whether the file's beginning is of a format that this loader knows; reads no more than a
   * header.
   */
  boolean recognises(Path model) throws IOException;

  /** Reads what a model says of itself, without its weights. */
  ModelInfo info(Path model) throws IOException;

  /**
   * Opens the backbone that a model file embeds, for the CPU.
   *
   * @return a backbone that the caller owns; empty if the file embeds none
   * @throws dev.eigenseg.api.CorruptFileException if the embedded weights are damaged
   */
  default Optional<Backbone> embeddedBackbone(Path model) throws IOException {
    return Optional.empty();
  }

  /**
   * Opens a segmenter.
   *
   * @param model the file
   * @param backbone the backbone to use; owned by the segmenter from here on, also if this call
   *     fails
   * @throws dev.eigenseg.api.IncompatibleException if the model was trained on another backbone
   */
  Segmenter load(Path model, Backbone backbone) throws IOException;
}
