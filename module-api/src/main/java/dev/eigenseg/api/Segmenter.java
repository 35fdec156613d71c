package dev.eigenseg.api;

import dev.eigenseg.api.internal.kernel.Parallel;
import dev.eigenseg.api.internal.resource.CallScope;
import dev.eigenseg.api.tensor.DType;
import dev.eigenseg.api.tensor.Tensor;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.io.InputStream;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;

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
 *
 * <p><b>Starting Java.</b> The numbers are computed by the JDK's Vector API, which is an incubator
 * module. On the module path it is resolved by itself; on the class path (Spring Boot, Surefire,
 * uber jars) the virtual machine needs {@code --add-modules jdk.incubator.vector}, without which
 * {@link #load(Path)} throws an {@link UnavailableException} that says so. The line "Using
 * incubator modules" on standard error is the JDK's.
 *
 * <p><b>Calls end.</b> Every call ends early, and frees what it held, when its thread is
 * interrupted (a {@link CancelledException}; the flag stays set), when the {@link Cancellation}
 * that it was passed is cancelled (likewise) or late (a {@link DeadlineExceededException}), when
 * its {@link Progress} is cancelled, and when another thread closes the segmenter (a {@code
 * CancelledException}; calls that begin later get an {@link IllegalStateException}). Other calls go
 * on as if nothing had happened. {@link Cancellation#call} does the same for calls that take no
 * cancellation.
 *
 * <p><b>Errors.</b> A {@link BadInputException} is about the image, an {@link OutOfMemoryError}
 * about an image that is too large for the heap and what lies outside of it.
 */
public interface Segmenter extends AutoCloseable {
  /**
   * Opens a model with the backbone that its file embeds, else looks for the backbone beside the
   * model, in {@code EIGENSEG_WEIGHTS}, in the user's cache and among the files that the user has
   * named to the command line before. The path that the model records is not looked at.
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
   *
   * @throws CancelledException if this thread is interrupted, or somebody closes the segmenter
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
   * @throws CancelledException if this thread is interrupted, or somebody closes the segmenter
   */
  default Segmentation segment(BufferedImage image, SegmentOptions options) {
    return segment(image, options, Cancellation.NONE);
  }

  /**
   * As {@link #segment(BufferedImage, SegmentOptions)}, to be ended from outside.
   *
   * @throws CancelledException if it is cancelled, this thread is interrupted, or somebody closes
   *     the segmenter
   * @throws DeadlineExceededException if its time is up
   */
  default Segmentation segment(
      BufferedImage image, SegmentOptions options, Cancellation cancellation) {
    return segment(image, options, Progress.NONE, cancellation);
  }

  /**
   * As {@link #segment(BufferedImage, SegmentOptions, Cancellation)}, telling how far it is.
   *
   * @param progress gets the tasks {@code "looks"}, of windows or whole views, and with refinement
   *     {@code "crf"}, of iterations over all tiles, both while the other runs; may end the call
   *     too
   */
  default Segmentation segment(
      BufferedImage image, SegmentOptions options, Progress progress, Cancellation cancellation) {
    return segment(image, options, backbone(), progress, cancellation);
  }

  /**
   * Segments an image with features that come from elsewhere, for example from memory.
   *
   * @param features gives what this model's own backbone gives for the same pixels; borrowed
   * @throws IncompatibleException if it is of other weights or settings
   */
  default Segmentation segment(BufferedImage image, SegmentOptions options, Backbone features) {
    return segment(image, options, features, Progress.NONE, Cancellation.NONE);
  }

  /**
   * Segments an image: what all its shorter forms do.
   *
   * @param options windows, flips, scales, refinement, threads
   * @param features gives what this model's own backbone gives for the same pixels; borrowed
   * @param progress as for {@link #segment(BufferedImage, SegmentOptions, Progress, Cancellation)}
   * @param cancellation ends the call
   * @throws IncompatibleException if the features are of other weights or settings
   * @throws CancelledException if progress or cancellation are cancelled, this thread is
   *     interrupted, or somebody closes the segmenter
   * @throws DeadlineExceededException if its time is up
   */
  Segmentation segment(
      BufferedImage image,
      SegmentOptions options,
      Backbone features,
      Progress progress,
      Cancellation cancellation);

  /**
   * Segments several images, as many at the same time as there are threads; the threads that are
   * left work on single images. An interrupt of this thread ends all of them. For more images than
   * fit into memory: {@link #segmentAll}.
   *
   * @return the segments of each image, in the order of the images
   */
  default List<Segmentation> segment(List<BufferedImage> images, SegmentOptions options) {
    int workers = Math.clamp(images.size(), 1, options.threads());
    SegmentOptions each = options.withThreads(options.threads() / workers);
    Segmentation[] segments = new Segmentation[images.size()];
    return CallScope.call(
        List.of(),
        () -> {
          Parallel.forEach(
              workers,
              segments.length,
              i -> segments[(int) i] = segment(images.get((int) i), each));
          return List.of(segments);
        });
  }

  /**
   * Segments an image file, read as {@link Images#read(Path)} says, with the bands that the model
   * was trained on. The segmentation lies on the upright image.
   *
   * @throws BadInputException if it is not a readable image
   * @throws CancelledException if this thread is interrupted, or somebody closes the segmenter
   */
  default Segmentation segment(Path image) throws IOException {
    return segment(image, SegmentOptions.DEFAULT);
  }

  /** As {@link #segment(Path)}, with options. */
  default Segmentation segment(Path image, SegmentOptions options) throws IOException {
    return segment(image, options, Cancellation.NONE);
  }

  /**
   * As {@link #segment(Path, SegmentOptions)}, to be ended from outside, while the image is decoded
   * too.
   *
   * @throws CancelledException if it is cancelled, this thread is interrupted, or somebody closes
   *     the segmenter
   * @throws DeadlineExceededException if its time is up
   */
  default Segmentation segment(Path image, SegmentOptions options, Cancellation cancellation)
      throws IOException {
    return cancellation.call(() -> segment(info().geometry().read(image), options, cancellation));
  }

  /**
   * As {@link #segment(Path)} for a file's content in memory.
   *
   * @param image borrowed
   */
  default Segmentation segment(MemorySegment image) {
    return segment(image, SegmentOptions.DEFAULT);
  }

  /** As {@link #segment(MemorySegment)}, with options. */
  default Segmentation segment(MemorySegment image, SegmentOptions options) {
    return segment(image, options, Cancellation.NONE);
  }

  /**
   * As {@link #segment(Path, SegmentOptions, Cancellation)} for a file's content in memory; arrays
   * and buffers become such by {@link MemorySegment#ofArray(byte[])} and {@link
   * MemorySegment#ofBuffer}.
   *
   * @param image borrowed
   */
  default Segmentation segment(
      MemorySegment image, SegmentOptions options, Cancellation cancellation) {
    return cancellation.call(() -> segment(info().geometry().read(image), options, cancellation));
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
   * Segments an image file in a thread of an executor's.
   *
   * @param executor decides how many calls run at a time, and how many wait
   * @return the segments to come. Whoever completes it first, by {@link CompletableFuture#cancel},
   *     {@code orTimeout} or otherwise, ends the call; what depends on it does not. It fails with
   *     what {@link #segment(Path, SegmentOptions)} throws, {@link IOException}s included
   * @throws java.util.concurrent.RejectedExecutionException if the executor refuses
   */
  default CompletableFuture<Segmentation> segmentAsync(
      Path image, SegmentOptions options, Executor executor) {
    return AsyncCall.run(executor, cancellation -> segment(image, options, cancellation));
  }

  /** As {@link #segmentAsync(Path, SegmentOptions, Executor)}, for an image that was read. */
  default CompletableFuture<Segmentation> segmentAsync(
      BufferedImage image, SegmentOptions options, Executor executor) {
    return AsyncCall.run(executor, cancellation -> segment(image, options, cancellation));
  }

  /**
   * Segments any number of image files, some at the same time, in the background: results come in
   * the files' order, and no more images are begun than twice as many as {@code parallel} ahead of
   * the one that is taken. So memory is bounded, however slow the taker is.
   *
   * <pre>{@code
   * try (Stream<Path> files = Files.list(folder);
   *     SegmentBatch batch = segmenter.segmentAll(files::iterator, options, 2)) {
   *   while (batch.hasNext()) {
   *     SegmentBatch.Item item = batch.next();
   *     item.segments().writeIndexPng(target(item.image()));
   *   }
   * }
   * }</pre>
   *
   * @param images iterated once, one element at a time, by threads of the batch, which closing the
   *     batch interrupts
   * @param options for each image; their threads are those of one image
   * @param parallel images at a time, at least 1
   * @return a batch that the caller closes, before the segmenter
   */
  default SegmentBatch segmentAll(Iterable<Path> images, SegmentOptions options, int parallel) {
    return new SegmentBatch(
        images.iterator(),
        parallel,
        (image, cancellation) -> segment(image, options, cancellation));
  }

  /**
   * What the model says of every pixel before the decision, at the image's own size and under the
   * views of the options: its logits if there is one view, logarithms of the views' mean
   * probabilities if there are several.
   *
   * @param options without refinement, which gives decisions alone
   * @param cancellation ends the call
   * @param target receives strips of at most about 32 MB, or of one row
   * @throws IllegalArgumentException if the options have a CRF
   */
  void pixelLogits(
      BufferedImage image, SegmentOptions options, Cancellation cancellation, PixelRows target);

  /**
   * As {@link #pixelLogits}, as probabilities: a softmax of each view's logits, over the model's
   * divisor, averaged over the views. Those of a pixel sum to 1.
   */
  void pixelProbabilities(
      BufferedImage image, SegmentOptions options, Cancellation cancellation, PixelRows target);

  /**
   * The probabilities of all pixels at once, as {@link #pixelProbabilities(BufferedImage,
   * SegmentOptions, Cancellation, PixelRows)} gives them.
   *
   * @return float32 {@code [height, width, clusters]}, outside the heap; the caller owns it
   */
  default Tensor pixelProbabilities(BufferedImage image, SegmentOptions options) {
    int clusters = forOptions(options).info().clusters(); // or segments
    long rowValues = Math.multiplyExact((long) image.getWidth(), clusters);
    Tensor all = Tensor.allocate(DType.F32, image.getHeight(), image.getWidth(), clusters);
    try {
      pixelProbabilities(
          image,
          options,
          Cancellation.NONE,
          (firstRow, values) ->
              MemorySegment.copy(
                  values.segment(),
                  0,
                  all.segment(),
                  firstRow * rowValues * Float.BYTES,
                  values.segment().byteSize()));
      return all;
    } catch (RuntimeException | Error e) {
      all.close();
      throw e;
    }
  }

  /**
   * The outputs for each patch of an image, looked at once, as a whole, in the size of training.
   *
   * @param threads worker threads, the caller's among them; the result does not depend on it
   * @return outputs that the caller owns
   */
  default PatchLogits logits(BufferedImage image, int threads) {
    try (Tensor pixels = info().geometry().pixels(image);
        PatchFeatures features = backbone().extract(pixels, threads)) {
      return logits(features, threads);
    }
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
   * Frees the model and the backbone. Calls under way are ended, with a {@link CancelledException}
   * in their threads, and waited for; later calls throw {@link IllegalStateException}. Not to be
   * called from inside a call, such as by its {@link Progress}: it would wait for itself.
   */
  @Override
  void close();
}
