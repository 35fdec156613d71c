package dev.eigenseg.api;

import dev.eigenseg.api.internal.file.AtomicFile;
import dev.eigenseg.api.internal.file.ChannelWrites;
import dev.eigenseg.api.internal.image.ImageKind;
import dev.eigenseg.api.internal.image.ImageTags;
import dev.eigenseg.api.internal.image.ImageTags.TiffBands;
import dev.eigenseg.api.internal.image.Orientation;
import dev.eigenseg.api.internal.image.RgbImages;
import dev.eigenseg.api.internal.image.SegmentInput;
import dev.eigenseg.api.internal.resource.CallScope;
import java.awt.image.BufferedImage;
import java.awt.image.DataBuffer;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.lang.ScopedValue.CallableOp;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedByInterruptException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.regex.Pattern;
import javax.imageio.IIOException;
import javax.imageio.ImageIO;
import javax.imageio.ImageReader;
import javax.imageio.ImageTypeSpecifier;
import javax.imageio.event.IIOReadProgressListener;
import javax.imageio.stream.ImageInputStream;
import javax.imageio.stream.ImageOutputStream;
import javax.imageio.stream.MemoryCacheImageOutputStream;

/**
 * Reads and writes images: from files, streams and memory, with the same pixels from each.
 *
 * <p>What is read is what viewers show: upright, whatever the orientation that EXIF or a TIFF tag
 * gives the stored rows; as sRGB, whatever the colour model and the embedded profile; 8 bits a
 * channel. Transparent parts lie on black. Of a file with more bands than colours, of which it does
 * not say that they are opacity, the first three count, unless others are asked for. Thread-safe.
 *
 * <p>An image's size is looked at before anything of it is decoded. Reading takes at most 16 bytes
 * a pixel of the heap (more for files of 32-bit samples), and images that would take more than half
 * of it are refused; {@link #limited} sets another limit.
 */
public final class Images {
  private static final Pattern TRUNCATED = Pattern.compile("Truncated File|premature end of data");
  private static final System.Logger LOGGER = System.getLogger(Images.class.getName());
  private static final long BYTES_PER_PIXEL = 16;
  private static final long MOST_TABLE_BYTES = 4L << 20;

  // Said once for each number of bands: a folder of satellite images is one thing to know.
  private static final Set<String> SAID = ConcurrentHashMap.newKeySet();

  private Images() {}

  /**
   * The bands of an image that are taken for red, green and blue.
   *
   * @param red its number in the file, from 1
   * @param green likewise
   * @param blue likewise
   */
  public record Bands(int red, int green, int blue) {
    /** Checks that they are numbers of bands. */
    public Bands {
      if (red < 1 || green < 1 || blue < 1) {
        throw new IllegalArgumentException(
            "not bands: %d,%d,%d; the first is 1".formatted(red, green, blue));
      }
    }

    /** Reads {@code "4,3,2"}. */
    public static Bands parse(String text) {
      String[] numbers = text.split(",", -1);
      try {
        if (numbers.length == 3) {
          return new Bands(
              Integer.parseInt(numbers[0].strip()),
              Integer.parseInt(numbers[1].strip()),
              Integer.parseInt(numbers[2].strip()));
        }
      } catch (NumberFormatException e) {
        throw new IllegalArgumentException(
            "not bands: '" + text + "', expected three numbers, such as 4,3,2", e);
      }
      throw new IllegalArgumentException(
          "not bands: '" + text + "', expected three numbers, such as 4,3,2");
    }

    @Override
    public String toString() {
      return red + "," + green + "," + blue;
    }
  }

  /**
   * Does some work in this thread, in which whatever this library reads has at most so many pixels;
   * so has what calls of this work read later, in futures and batches. An interrupt of the thread
   * ends it as it ends calls.
   *
   * @param maxPixels width times height of an image
   * @param work also in other threads that a call of this library lets work for it
   * @return what the work returns
   * @throws X what it throws
   */
  public static <T, X extends Throwable> T limited(long maxPixels, CallableOp<? extends T, X> work)
      throws X {
    return CallScope.limited(maxPixels, work);
  }

  /**
   * Reads an image file.
   *
   * @return an image of {@link BufferedImage#TYPE_INT_RGB}
   * @throws BadInputException if there is no such file, or no readable image in it; the message
   *     says what to do
   */
  public static BufferedImage read(Path image) {
    return read(image, Optional.empty());
  }

  /**
   * Reads an image file, with chosen bands as red, green and blue.
   *
   * @param bands which count as the numbers that they are, without profile and opacity; if empty,
   *     as {@link #read(Path)}
   * @throws BadInputException as {@link #read(Path)}, and if it has no such bands
   */
  public static BufferedImage read(Path image, Optional<Bands> bands) {
    return open(image, file -> rgb(file, bands));
  }

  /**
   * Reads an image from memory, as {@link #read(Path)} reads a file of these bytes.
   *
   * @param image a file's whole content; borrowed
   */
  public static BufferedImage read(MemorySegment image) {
    return read(image, Optional.empty());
  }

  /**
   * As {@link #read(Path, Optional)} for a file's content in memory.
   *
   * @param image borrowed
   */
  public static BufferedImage read(MemorySegment image, Optional<Bands> bands) {
    return guard("the image", () -> rgb(new File("the image", image), bands));
  }

  /** As {@link #read(MemorySegment)}. */
  public static BufferedImage read(byte[] image) {
    return read(MemorySegment.ofArray(image));
  }

  /** As {@link #read(MemorySegment)}; what remains of the buffer is read and not consumed. */
  public static BufferedImage read(ByteBuffer image) {
    return read(MemorySegment.ofBuffer(image));
  }

  /**
   * As {@link #read(MemorySegment)}, from a stream that is read to its end and left open.
   *
   * @throws IOException if the stream cannot be read
   */
  public static BufferedImage read(InputStream image) throws IOException {
    return read(image.readAllBytes());
  }

  /**
   * Reads an image in its own colour model, for label maps, whose indices must not pass through a
   * colour conversion. Turned upright if it carries an orientation.
   *
   * @throws BadInputException as {@link #read(Path)}
   */
  public static BufferedImage readRaw(Path image) {
    return open(
        image,
        file -> file.tags().orientation().turn(decode(file, reader -> pixels(file, reader))));
  }

  /**
   * What an image file says of itself before its pixels begin.
   *
   * @param width in pixels, of the upright image as it is read
   * @param height likewise
   * @param channels of a pixel in the file, such as 1 for grey and for a palette; 0 if the format
   *     does not tell
   * @param orientation how rows are stored, as EXIF numbers it: 1 is upright, from 5 on they are
   *     the image's columns
   * @param lossy whether the pixels are not quite those that were saved, as in JPEG, whatever the
   *     file's name says
   */
  public record Header(int width, int height, int channels, int orientation, boolean lossy) {}

  /**
   * Reads the header of an image and leaves its pixels alone; that they are whole is not known.
   *
   * @throws BadInputException as {@link #read(Path)}
   */
  public static Header header(Path image) {
    return open(image, file -> decode(file, reader -> header(reader, file.tags())));
  }

  /**
   * As {@link #header(Path)} for a file's content in memory: what a service looks at before it
   * decodes what strangers send.
   *
   * @param image borrowed
   */
  public static Header header(MemorySegment image) {
    return guard(
        "the image",
        () -> {
          File file = new File("the image", image);
          return decode(file, reader -> header(reader, file.tags()));
        });
  }

  /**
   * An image's bytes, wherever they come from.
   *
   * @param name what messages call it
   * @param bytes borrowed
   */
  private record File(String name, MemorySegment bytes, ImageTags tags) {
    File(String name, MemorySegment bytes) {
      this(name, bytes, ImageTags.of(bytes));
    }

    BadInputException refusal(String what) {
      return new BadInputException(name + ": " + what);
    }
  }

  @FunctionalInterface
  private interface Work<T> {
    T run() throws IOException;
  }

  /** What is wanted of a file. */
  @FunctionalInterface
  private interface Content<T> {
    T of(File file) throws IOException;
  }

  /** What is wanted of a reader. */
  @FunctionalInterface
  private interface Decoder<T> {
    T decode(ImageReader reader) throws IOException;
  }

  private static <T> T open(Path image, Content<T> content) {
    if (!Files.isRegularFile(image)) {
      throw new BadInputException(image + ": there is no such image file; check the path");
    }
    return guard(
        image.toString(),
        () -> {
          // Mapped, not read: a header needs little of it, and no copy lies on the heap.
          // Shared, since it is read before kernels are compiled: see SimdMath.
          try (FileChannel channel = FileChannel.open(image);
              Arena arena = Arena.ofShared()) {
            MemorySegment bytes =
                channel.map(FileChannel.MapMode.READ_ONLY, 0, channel.size(), arena);
            return content.of(new File(image.toString(), bytes));
          }
        });
  }

  private static <T> T guard(String name, Work<T> work) {
    try {
      return work.run();
    } catch (EigensegException e) { // also that somebody ends the call
      throw e;
    } catch (ClosedByInterruptException e) {
      throw new CancelledException(name + ": the thread that reads it was interrupted", e);
    } catch (IOException | RuntimeException | InternalError e) {
      // Readers throw all kinds of RuntimeExceptions on damaged files; a mapped file that another
      // process cuts off, or whose disk fails, is an InternalError.
      throw new BadInputException(
          "%s: not a readable image (%s); if other programs show it, save it again as an RGB PNG or JPEG, or leave it out"
              .formatted(name, e.getMessage()),
          e);
    }
  }

  private static <T> T decode(File file, Decoder<T> decoder) throws IOException {
    try (ImageInputStream input = new SegmentInput(file.bytes())) {
      ImageReader reader = reader(file, input);
      try {
        reader.setInput(input, true, true);
        return decoder.decode(reader);
      } finally {
        reader.dispose();
      }
    }
  }

  private static ImageReader reader(File file, ImageInputStream input) {
    List<ImageReader> readers = new ArrayList<>();
    ImageIO.getImageReaders(input).forEachRemaining(readers::add);
    // The JDK's own first: which plugins are there must not change the pixels.
    Module own = ImageIO.class.getModule();
    return readers.stream()
        .filter(reader -> reader.getClass().getModule().equals(own))
        .findFirst()
        .or(() -> readers.stream().findFirst())
        .orElseThrow(() -> file.refusal(unknown(file.tags().kind())));
  }

  private static String unknown(ImageKind kind) {
    if (kind.remedy().isEmpty()) {
      return "not an image of a known format (%s); convert it to PNG or JPEG"
          .formatted(String.join(", ", ImageIO.getReaderFileSuffixes()));
    }
    return "this is %s, which is not read here; %s".formatted(kind.title(), kind.remedy());
  }

  private static BufferedImage pixels(File file, ImageReader reader) throws IOException {
    CallScope scope = CallScope.current();
    long pixels = (long) reader.getWidth(0) * reader.getHeight(0);
    if (pixels > scope.maxPixels()) {
      throw file.refusal(
          "%d x %d pixels, more than the %d allowed here; make it smaller, or allow more with --max-pixels and the memory for it with -Xmx"
              .formatted(reader.getWidth(0), reader.getHeight(0), scope.maxPixels()));
    }
    if (file.tags().bands().isPresent()) {
      requireSmallTables(file, file.tags().bands().get(), reader, pixels);
    }
    List<String> warnings = new ArrayList<>();
    reader.addIIOReadWarningListener((source, warning) -> warnings.add(warning));
    reader.addIIOReadProgressListener(new Aborting(scope));
    BufferedImage image = reader.read(0);
    scope.check(); // an aborted reader returns what it has
    // The JPEG reader fills what is missing with grey and calls that a warning.
    if (warnings.stream().anyMatch(warning -> TRUNCATED.matcher(warning).find())) {
      throw new IIOException("the file ends before the image does");
    }
    return image;
  }

  /** Refuses what the JDK's reader would make large tables for: small files may ask for 4 GB. */
  private static void requireSmallTables(File file, TiffBands tiff, ImageReader reader, long pixels)
      throws IOException {
    ImageTypeSpecifier type = reader.getRawImageType(0);
    if (type == null) {
      return; // reading it says why
    }
    if (type.getSampleModel().getDataType() == DataBuffer.TYPE_INT) {
      throw file.refusal("its samples have more than 16 bits; save it with 8 or 16");
    }
    long tables = tiff.tableBytes(type.getNumBands());
    if (tables > Math.max(MOST_TABLE_BYTES, BYTES_PER_PIXEL * pixels)) {
      throw file.refusal(
          "decoding its %d samples of unlike or unusual depths takes tables of %d MB; save it with 8 or 16 bits"
              .formatted(type.getNumBands(), tables >> 20));
    }
  }

  /** Stops a reader at its next row once the call is to end. */
  private record Aborting(CallScope scope) implements IIOReadProgressListener {
    @Override
    public void imageProgress(ImageReader reader, float percentage) {
      try {
        scope.check();
      } catch (RuntimeException e) { // thrown again when the reader has left its native code
        reader.abort();
      }
    }

    @Override
    public void sequenceStarted(ImageReader reader, int first) {}

    @Override
    public void sequenceComplete(ImageReader reader) {}

    @Override
    public void imageStarted(ImageReader reader, int index) {}

    @Override
    public void imageComplete(ImageReader reader) {}

    @Override
    public void thumbnailStarted(ImageReader reader, int index, int thumbnail) {}

    @Override
    public void thumbnailProgress(ImageReader reader, float percentage) {}

    @Override
    public void thumbnailComplete(ImageReader reader) {}

    @Override
    public void readAborted(ImageReader reader) {}
  }

  private static Header header(ImageReader reader, ImageTags tags) throws IOException {
    ImageTypeSpecifier type = reader.getRawImageType(0);
    int width = reader.getWidth(0);
    int height = reader.getHeight(0);
    Orientation orientation = tags.orientation();
    return new Header(
        orientation.swapsSides() ? height : width,
        orientation.swapsSides() ? width : height,
        type == null ? 0 : type.getNumBands(),
        orientation.tag(),
        tags.lossy());
  }

  private static BufferedImage rgb(File file, Optional<Bands> bands) throws IOException {
    file.tags().bands().ifPresent(tiff -> requireReadable(file, tiff));
    BufferedImage image = decode(file, reader -> pixels(file, reader));
    try {
      BufferedImage rgb;
      if (bands.isPresent()) {
        Bands chosen = bands.get();
        rgb = RgbImages.ofBands(image, chosen.red() - 1, chosen.green() - 1, chosen.blue() - 1);
      } else {
        file.tags().bands().ifPresent(tiff -> sayUnused(file, tiff));
        rgb = RgbImages.of(image, file.tags());
      }
      return file.tags().orientation().turnRgb(rgb);
    } catch (BadInputException e) { // does not know the image's name
      throw new BadInputException(file.name() + ": " + e.getMessage(), e);
    }
  }

  private static void requireReadable(File file, TiffBands tiff) {
    if (tiff.lab()) {
      throw file.refusal("its colours are L*a*b*, which is not read here; save it as RGB");
    }
    if (tiff.preview()) {
      throw file.refusal(
          "this is a camera's raw file or a preview of one; develop it to TIFF, PNG or JPEG");
    }
  }

  private static void sayUnused(File file, TiffBands tiff) {
    if (tiff.unused() > 0 && SAID.add(tiff.count() + " bands")) {
      LOGGER.log(
          System.Logger.Level.WARNING,
          "{0} has {1} bands and does not say that one of them is opacity: {2} read, as in all images like it; "
              + "extract --bands 3,2,1 chooses others",
          file.name(),
          tiff.count(),
          tiff.count() - tiff.unused() < 3 ? "the first is" : "the first three are");
    }
  }

  /**
   * Writes an image as PNG into a stream, which is flushed and left open.
   *
   * @throws IOException if the stream cannot be written
   */
  public static void writePng(BufferedImage image, OutputStream stream) throws IOException {
    try (ImageOutputStream output = new MemoryCacheImageOutputStream(stream)) {
      if (!ImageIO.write(image, "png", output)) {
        throw new IllegalArgumentException("no PNG writer for " + image);
      }
    }
    stream.flush();
  }

  /** Writes an image as PNG; the file is whole or absent. */
  public static void writePng(BufferedImage image, Path file) throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    writePng(image, bytes);
    ByteBuffer content = ByteBuffer.wrap(bytes.toByteArray());
    AtomicFile.write(file, channel -> ChannelWrites.all(channel, content));
  }
}
