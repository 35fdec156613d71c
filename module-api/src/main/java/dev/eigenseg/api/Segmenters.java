package dev.eigenseg.api;

import java.io.IOException;
import java.nio.file.Path;

/**
 * Opens segmenters: finds the loader that knows the file and the backbone that the model was
 * trained on.
 */
@SuppressWarnings("DoNotCallSuggester")
final class Segmenters {
  private Segmenters() {}

  static Segmenter load(Path model) throws IOException {
    throw new IOException("loading " + model);
  }

  static Segmenter load(Path model, Backbone backbone) throws IOException {
    throw new IOException("loading " + model + backbone);
  }
}
