package dev.eigenseg.api;

import dev.eigenseg.api.internal.kernel.Parallel;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.io.InputStream;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.List;

/**
 * Owns a trained model and its backbone; turns images into segments. Thread-safe: one segmenter
 * serves any number of threads.
 *
 * <pre>{@code
 * try (Segmenter segmenter = Segmenter.load(Path.of("model.safetensors"))) {
 *   Segmentation segments = segmenter.segment(Path.of("street.jpg"));
 *   segments.writeIndexPng(Path.of("street.png"));
 * }
 * }</pre>
 */
public interface Segmenter extends AutoCloseable {
  /**
   * Opens a model with the backbone that its file embeds, else looks for the backbone beside the
   * model, in {@code EIGENSEG_WEIGHTS} and in the user's cache.
   *
   * @throws IncompatibleException if a backbone is found but its hash is not the model's
   * @throws UnavailableException if the backbone or its provider is missing
   * @throws CorruptFileException if the file is damaged
   */
  static Segmenter load(Path model) throws IOException {
    return Segmenters.load(model);
  }

  /**
   * Opens a model with the backbone of a specification, which reads its weights with the settings
   * that the model was trained with.
   *
   * @param spec as for {@link Backbones#open(String, String)}
   * @param device {@code "cpu"} or {@code "cuda:0"}
   * @throws IncompatibleException if the model was trained on another backbone
   * @throws UnavailableException if nothing here opens such a backbone
   */
  static Segmenter load(Path model, String spec, String device) throws IOException {
    return Segmenters.load(model, spec, device);
  }

  /**
   * Opens a model with a given backbone, which the segmenter owns from here on, also if this call
   * fails.
   *
   * @throws IncompatibleException if the model was trained on another backbone
   */
  static Segmenter load(Path model, Backbone backbone) throws IOException {
    return Segmenters.load(model, backbone);
  }

  /** What the model says of itself. */
  ModelInfo info();

  /** The backbone; borrowed. */
  Backbone backbone();

  /**
   * This segmenter with its clusters merged: outputs, segments and {@link #info()} are of the
   * segments. It shares the model and the backbone with this one, and closing either closes both.
   *
   * @param segments of the model's clusters, also if they are merged here already
   * @throws BadInputException if the model has fewer clusters
   * @throws IncompatibleException if the model does not say how its clusters merge
   */
  Segmenter withSegments(SegmentOptions.Segments segments);

  /** This segmenter with clusters merged as options want it, or else as it is. */
  default Segmenter forOptions(SegmentOptions options) {
    return options.segments().map(this::withSegments).orElse(this);
  }

  /**
   * Segments an image as a whole, without refinement, in the caller's thread.
   *
   * <p>An image that {@code ImageIO.read} decoded gives the same segments as its file, except for
   * what a {@link BufferedImage} cannot know of it: the orientation that EXIF gives it, the
   * embedded profile of a PNG or of a grey JPEG, and whether more bands than three are opacity.
   * {@link Images#read(Path)} and its siblings look at these.
   */
  default Segmentation segment(BufferedImage image) {
    return segment(image, SegmentOptions.DEFAULT);
  }

  /**
   * Segments an image. The result depends on the image and the options, not on the number of
   * threads.
   *
   * @param options windows, flips, scales, refinement, merged clusters, threads
   * @throws BadInputException if more segments are wanted than the model has clusters
   * @throws IncompatibleException if clusters are to be merged, and the model does not say how
   */
  default Segmentation segment(BufferedImage image, SegmentOptions options) {
    return segment(image, options, backbone());
  }

  /**
   * Segments an image with features that come from elsewhere, for example from memory.
   *
   * @param features gives what this model's own backbone gives for the same pixels; borrowed
   * @throws IncompatibleException if it is of other weights or settings
   */
  Segmentation segment(BufferedImage image, SegmentOptions options, Backbone features);

  /**
   * Segments several images, as many at the same time as there are threads; the threads that are
   * left work on single images.
   *
   * @return the segments of each image, in the order of the images
   */
  default List<Segmentation> segment(List<BufferedImage> images, SegmentOptions options) {
    int workers = Math.clamp(images.size(), 1, options.threads());
    SegmentOptions each = options.withThreads(options.threads() / workers);
    Segmentation[] segments = new Segmentation[images.size()];
    Parallel.forEach(
        workers, segments.length, i -> segments[(int) i] = segment(images.get((int) i), each));
    return List.of(segments);
  }

  /**
   * Segments an image file, read as {@link Images#read(Path)} says, with the bands that the model
   * was trained on. The segmentation lies on the upright image.
   *
   * @throws BadInputException if it is not a readable image
   */
  default Segmentation segment(Path image) throws IOException {
    return segment(info().geometry().read(image));
  }

  /**
   * As {@link #segment(Path)} for a file's content in memory.
   *
   * @param image borrowed
   */
  default Segmentation segment(MemorySegment image) {
    return segment(info().geometry().read(image));
  }

  /** As {@link #segment(MemorySegment)}. */
  default Segmentation segment(byte[] image) {
    return segment(MemorySegment.ofArray(image));
  }

  /** As {@link #segment(MemorySegment)}; what remains of the buffer is read and not consumed. */
  default Segmentation segment(ByteBuffer image) {
    return segment(MemorySegment.ofBuffer(image));
  }

  /**
   * As {@link #segment(MemorySegment)}, from a stream that is read to its end and left open.
   *
   * @throws IOException if the stream cannot be read
   */
  default Segmentation segment(InputStream image) throws IOException {
    return segment(image.readAllBytes());
  }

  /**
   * Segments an image whose features are at hand, for example to run several models on one
   * backbone.
   *
   * @param features of the image under this model's geometry; borrowed
   * @param width pixels of the segmentation, the image's own by custom
   * @param height likewise
   */
  default Segmentation segment(PatchFeatures features, int width, int height) {
    try (PatchLogits logits = logits(features, 1)) {
      return segment(logits, width, height);
    }
  }

  /**
   * As {@link #segment(PatchFeatures, int, int)} at the image's own size, refined by a dense CRF.
   *
   * @param image whose colours the segments follow
   * @param threads worker threads, the caller's among them; the result does not depend on it
   */
  default Segmentation segment(
      PatchFeatures features, BufferedImage image, CrfOptions crf, int threads) {
    try (PatchLogits logits = logits(features, threads)) {
      return segment(logits, image, crf, threads);
    }
  }

  /**
   * The outputs for each patch of an image, from which segments are decided.
   *
   * @param features of the image under this model's geometry; borrowed
   * @param threads worker threads, the caller's among them; the result does not depend on it
   * @return outputs that the caller owns
   */
  PatchLogits logits(PatchFeatures features, int threads);

  /**
   * Segments an image for which this model's outputs are at hand.
   *
   * @param logits of this model for the whole image; borrowed
   * @param width pixels of the segmentation, the image's own by custom
   * @param height likewise
   * @throws BadInputException if they are not of an image of this size
   */
  Segmentation segment(PatchLogits logits, int width, int height);

  /**
   * As {@link #segment(PatchLogits, int, int)} at the image's own size, refined by a dense CRF.
   *
   * @param image whose colours the segments follow
   * @param threads worker threads, the caller's among them; the result does not depend on it
   */
  Segmentation segment(PatchLogits logits, BufferedImage image, CrfOptions crf, int threads);

  /**
   * Frees the model and the backbone. Waits for calls under way; later calls throw {@link
   * IllegalStateException}.
   */
  @Override
  void close();
}
