package dev.eigenseg.api.bank;

import dev.eigenseg.api.Backbone;
import dev.eigenseg.api.BadInputException;
import dev.eigenseg.api.CancelledException;
import dev.eigenseg.api.ImageGeometry;
import dev.eigenseg.api.PatchFeatures;
import dev.eigenseg.api.Progress;
import dev.eigenseg.api.Provenance;
import dev.eigenseg.api.UnavailableException;
import dev.eigenseg.api.internal.file.ImageFailure;
import dev.eigenseg.api.internal.file.OutputLock;
import dev.eigenseg.api.internal.kernel.Parallel;
import dev.eigenseg.api.internal.resource.CallScope;
import dev.eigenseg.api.internal.resource.Closing;
import dev.eigenseg.api.tensor.Tensor;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.SequencedMap;
import java.util.TreeMap;

/**
 * Owns a bank that is being filled with the patch features of images: several images at a time,
 * appended in their order. A bank that is there is continued: its images are left out, so that a
 * run that was stopped goes on with the same call. Used by one thread.
 *
 * <pre>{@code
 * Extractor.extract(photographs, backbone, Path.of("bank"), ExtractOptions.DEFAULT, progress);
 * }</pre>
 */
public final class Extractor implements AutoCloseable {
  // Enough that no thread waits long for the slowest image of a group, few enough to lose little on
  // an interrupt.
  private static final int IMAGES_PER_THREAD = 4;

  private final List<ImageFile> images;
  private final Backbone backbone;
  private final ImageGeometry geometry;
  private final ExtractOptions options;
  private final FeatureBankWriter writer;
  // A bank that this made does not stay if it gets no image, nor does its folder.
  private final Optional<Path> made;
  private final boolean madeFolder;

  /** An image to extract. */
  private sealed interface Source {
    /** What the bank calls it. */
    String name();

    BufferedImage read(ImageGeometry geometry);

    BadInputException refusal(Throwable failure);
  }

  private record ImageFile(Path file, String name) implements Source {
    @Override
    public BufferedImage read(ImageGeometry geometry) {
      return geometry.read(file);
    }

    @Override
    public BadInputException refusal(Throwable failure) {
      return ImageFailure.of(file, failure);
    }
  }

  private record ImageContent(MemorySegment content, String name) implements Source {
    @Override
    public BufferedImage read(ImageGeometry geometry) {
      return geometry.read(content);
    }

    @Override
    public BadInputException refusal(Throwable failure) {
      return ImageFailure.of(name, failure);
    }
  }

  private Extractor(
      List<ImageFile> images,
      Backbone backbone,
      ImageGeometry geometry,
      ExtractOptions options,
      FeatureBankWriter writer,
      Optional<Path> made,
      boolean madeFolder) {
    this.images = List.copyOf(images);
    this.backbone = backbone;
    this.geometry = geometry;
    this.options = options;
    this.writer = writer;
    this.made = made;
    this.madeFolder = madeFolder;
  }

  /** Hears what becomes of images. Called on the thread that extracts. */
  public interface Listener {
    /** Hears nothing. */
    Listener NONE = new Listener() {};

    /** Some of the images are in the bank already. */
    default void present(int present, int images) {}

    /** An image is left out, as {@link ExtractOptions#skip} allows. */
    default void skipped(Path image, BadInputException reason) {}
  }

  /**
   * Fills a bank and finishes it.
   *
   * @param images in the order in which the bank shall have them
   * @param backbone borrowed
   * @param bank its directory, created if missing
   * @param progress counts images; stops at once, also within an image, and what was appended
   *     before stays a valid bank
   * @throws BadInputException if an image cannot be used and is not to be skipped
   * @throws dev.eigenseg.api.IncompatibleException if the bank has other settings
   * @throws dev.eigenseg.api.UnavailableException if another writer has the bank open
   * @throws dev.eigenseg.api.CancelledException if the user wants the work to stop
   */
  public static void extract(
      List<Path> images, Backbone backbone, Path bank, ExtractOptions options, Progress progress)
      throws IOException {
    try (Extractor extractor = open(images, backbone, bank, options)) {
      extractor.append(Listener.NONE, progress);
      extractor.finish(progress);
    }
  }

  /**
   * Opens or creates the bank. With {@link ExtractOptions#overwrite} one that is there is deleted,
   * but only if the images can be read.
   *
   * @param images in the order in which the bank shall have them
   * @param backbone borrowed until this is closed
   * @param bank its directory
   */
  public static Extractor open(
      List<Path> images, Backbone backbone, Path bank, ExtractOptions options) throws IOException {
    BankSettings settings = options.settings(backbone);
    if (options.overwrite()) { // only now that a new bank can be made
      requireReadable(images, bank, options.skip());
      FeatureBank.delete(bank);
    }
    boolean folder = Files.exists(bank);
    Optional<Path> made =
        Files.exists(bank.resolve(ManifestFile.FILE_NAME)) ? Optional.empty() : Optional.of(bank);
    FeatureBankWriter writer =
        FeatureBankWriter.open(bank, settings, provenance(settings, options));
    return new Extractor(
        sources(images, writer), backbone, settings.geometry(), options, writer, made, !folder);
  }

  // By where they really are: a file that links or other ways to write its path give several names
  // is one image, and keeps the name that the bank has for it.
  private static List<ImageFile> sources(List<Path> images, FeatureBankWriter writer) {
    Map<Path, String> names = new HashMap<>();
    for (ImageEntry entry : writer.images()) {
      real(entry.path()).ifPresent(file -> names.putIfAbsent(file, entry.path()));
    }
    SequencedMap<Path, ImageFile> sources = new LinkedHashMap<>();
    for (Path image : images) {
      Path real = real(image.toString()).orElse(image);
      String name = names.getOrDefault(real, image.toString());
      sources.putIfAbsent(real, new ImageFile(image, name));
    }
    return List.copyOf(sources.values());
  }

  private static Optional<Path> real(String name) {
    try {
      Path path = Path.of(name);
      return Optional.of(
          Files.exists(path) ? path.toRealPath() : path.toAbsolutePath().normalize());
    } catch (IOException | InvalidPathException e) { // it is not here; the name is all there is
      return Optional.empty();
    }
  }

  private static void requireReadable(List<Path> images, Path bank, boolean skip) {
    List<Path> unreadable = images.stream().filter(path -> !Files.isReadable(path)).toList();
    if (unreadable.size() == images.size() || (!skip && !unreadable.isEmpty())) {
      throw new BadInputException(
          "cannot read the image %s: %s; %s is left as it was"
              .formatted(
                  unreadable.getFirst(),
                  Files.exists(unreadable.getFirst()) ? "permission denied" : "no such file",
                  bank));
    }
  }

  private static Provenance provenance(BankSettings settings, ExtractOptions options) {
    Map<String, String> made = new TreeMap<>(settings.views());
    made.put("backbone", settings.backboneId());
    made.put("size", options.size().map(ImageGeometry.Size::toString).orElse("own"));
    made.put("dtype", options.dtype().name().toLowerCase(Locale.ROOT));
    return Provenance.here(
        "extract",
        made,
        Map.of("backbone", settings.backboneSha256()),
        options.seed(),
        options.device());
  }

  /**
   * Appends the images that are not in the bank yet. If that fails, or is stopped, what was
   * appended before is finished, so that it is a valid bank.
   */
  public void append(Listener listener, Progress progress) throws IOException {
    List<ImageFile> missing =
        images.stream().filter(image -> !missingViews(image.name()).isEmpty()).toList();
    if (missing.size() < images.size()) {
      listener.present(images.size() - missing.size(), images.size());
    }
    try {
      appendAll(missing, listener, progress);
    } catch (IOException | RuntimeException | Error e) {
      finishAfter(e);
      throw e;
    }
  }

  /**
   * Appends one image that is in memory, on this thread and as many others as the options have; not
   * if the bank has it already.
   *
   * @param name what the bank calls it
   * @param image a file's whole content; borrowed
   * @param progress stops at once, also within the image
   * @throws BadInputException if it cannot be used, whether or not images may be skipped; the bank
   *     stays as it was
   * @throws CancelledException if the user wants the work to stop
   */
  public void append(String name, MemorySegment image, Progress progress) throws IOException {
    if (missingViews(name).isEmpty()) {
      return;
    }
    try (Extracted extracted = new Extracted(new ImageContent(image, name), options.threads())) {
      extracted.extract(progress);
      extracted.appendTo(writer);
    }
  }

  /** Finishes the bank: it can be opened from now on, and appended to by another extraction. */
  public void finish(Progress progress) throws IOException {
    writer.finish(progress);
  }

  // An interrupt may have left some views of an image.
  private List<Integer> missingViews(String path) {
    return options.views().numbers().filter(view -> !writer.contains(path, view)).boxed().toList();
  }

  private void finishAfter(Throwable failure) {
    if (writer.images().isEmpty()) {
      return;
    }
    try {
      writer.finish(Progress.NONE);
    } catch (IOException | RuntimeException e) {
      failure.addSuppressed(e);
    }
  }

  private void appendAll(List<ImageFile> images, Listener listener, Progress progress)
      throws IOException {
    int group = options.threads() * Math.ceilDiv(IMAGES_PER_THREAD, options.views().count());
    try (Progress.Task task = progress.start("extract", images.size(), "images")) {
      for (int first = 0; first < images.size(); first += group) {
        List<ImageFile> next = images.subList(first, Math.min(first + group, images.size()));
        appendGroup(next, listener, progress, task);
      }
    }
  }

  private void appendGroup(
      List<ImageFile> images, Listener listener, Progress progress, Progress.Task task)
      throws IOException {
    List<Extracted> group = images.stream().map(image -> new Extracted(image, 1)).toList();
    try {
      Parallel.forEach(
          options.threads(),
          group.size(),
          i -> {
            if (!progress.cancelled()) {
              group.get((int) i).extract(progress);
              task.advance(1);
            }
          });
      for (int i = 0; i < group.size(); i++) {
        if (!group.get(i).attempted) {
          progress.checkCancelled(); // left out only after a wish to stop
        }
        append(group.get(i), images.get(i).file(), listener, progress);
      }
    } finally {
      Closing.all(group, Extracted::close);
    }
  }

  // Failures wait until it is their image's turn: the images before it are kept, whichever thread
  // was faster.
  private void append(Extracted image, Path file, Listener listener, Progress progress)
      throws IOException {
    if (image.failure.filter(ImageFailure::isMemory).isPresent()) {
      image.extract(progress); // alone now: the memory may have been the others'
    }
    try {
      image.appendTo(writer);
    } catch (BadInputException e) {
      if (!options.skip()) {
        throw e;
      }
      listener.skipped(file, e);
    }
  }

  /**
   * Closes the bank as it is: what was appended but not finished is continued by a later run. A new
   * bank that got no image is deleted, so that its settings bind nobody.
   */
  @Override
  public void close() throws IOException {
    boolean empty = writer.images().isEmpty();
    writer.close();
    if (empty && made.isPresent()) {
      deleteEmpty(made.get());
    }
  }

  // Unless somebody else has begun to fill it.
  private void deleteEmpty(Path bank) throws IOException {
    try (OutputLock _ = OutputLock.ofFolder(bank)) {
      Path journal = bank.resolve(ImageJournal.FILE_NAME);
      if (Files.exists(journal) && Files.size(journal) > ImageJournal.HEADER.length) {
        return;
      }
      FeatureBank.deleteFiles(bank);
    } catch (UnavailableException e) {
      return;
    }
    if (madeFolder) {
      FeatureBank.delete(bank);
    }
  }

  /** Owns the features of one view. */
  private record ExtractedView(
      int number, int width, int height, PatchFeatures features, Tensor colors)
      implements AutoCloseable {
    @Override
    public void close() {
      try (features;
          colors) {
        // Both are closed, even if one fails.
      }
    }
  }

  /**
   * Owns the features of one image's missing views, or remembers why there are none. Filled by one
   * thread, emptied by another after it.
   */
  private final class Extracted implements AutoCloseable {
    private final Source source;
    private final int threads;
    private final List<ExtractedView> extracted = new ArrayList<>();
    private boolean attempted;
    private Optional<Throwable> failure = Optional.empty();

    Extracted(Source source, int threads) {
      this.source = source;
      this.threads = threads;
    }

    /** Leaves in the middle of an image if the user wants to stop. */
    void extract(Progress progress) {
      attempted = true;
      failure = Optional.empty();
      close();
      extracted.clear();
      try {
        CallScope.call(List.of(progress::checkCancelled), this::extractViews);
      } catch (RuntimeException | OutOfMemoryError | StackOverflowError e) {
        failure = Optional.of(e);
      }
    }

    private Void extractViews() {
      BufferedImage image = source.read(geometry);
      for (int number : missingViews(source.name())) {
        extracted.add(number == ImageEntry.PLAIN ? plain(image) : other(image, number));
      }
      return null;
    }

    private ExtractedView plain(BufferedImage image) {
      try (Tensor pixels = geometry.pixels(image)) {
        return of(ImageEntry.PLAIN, image.getWidth(), image.getHeight(), pixels);
      }
    }

    private ExtractedView other(BufferedImage image, int number) {
      BankViews.View view =
          options
              .views()
              .view(geometry, image.getWidth(), image.getHeight(), source.name(), number);
      try (Tensor pixels = view.pixels(image)) {
        return of(number, view.width(), view.height(), pixels);
      }
    }

    private ExtractedView of(int number, int width, int height, Tensor pixels) {
      PatchFeatures features = backbone.extract(pixels, threads);
      try {
        return new ExtractedView(number, width, height, features, geometry.patchColors(pixels));
      } catch (RuntimeException | Error e) {
        features.close();
        throw e;
      }
    }

    void appendTo(FeatureBankWriter bank) throws IOException {
      if (failure.isPresent() && failure.get() instanceof CancelledException stopped) {
        throw stopped;
      }
      if (failure.isPresent()) {
        throw source.refusal(failure.get());
      }
      for (ExtractedView view : extracted) {
        bank.append(
            source.name(),
            view.number(),
            view.width(),
            view.height(),
            view.features(),
            view.colors());
      }
    }

    @Override
    public void close() {
      Closing.all(extracted, ExtractedView::close);
    }
  }
}
