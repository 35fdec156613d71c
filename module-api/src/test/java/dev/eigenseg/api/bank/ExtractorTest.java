package dev.eigenseg.api.bank;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.eigenseg.api.Backbone;
import dev.eigenseg.api.BadInputException;
import dev.eigenseg.api.Cancellation;
import dev.eigenseg.api.CancelledException;
import dev.eigenseg.api.ImageGeometry;
import dev.eigenseg.api.Images;
import dev.eigenseg.api.IncompatibleException;
import dev.eigenseg.api.PatchFeatures;
import dev.eigenseg.api.Progress;
import dev.eigenseg.api.UnavailableException;
import dev.eigenseg.api.tensor.DType;
import dev.eigenseg.api.tensor.Tensor;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.IntConsumer;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ExtractorTest {
  private static final int PATCH = 8;

  @TempDir Path folder;

  private final List<String> skipped = new ArrayList<>();

  /** One number a patch. Images of other widths than 8 are what goes wrong. */
  private record Narrow(IntConsumer meet) implements Backbone {
    @Override
    public String id() {
      return "narrow";
    }

    @Override
    public String sha256() {
      return "0";
    }

    @Override
    public int patchSize() {
      return PATCH;
    }

    @Override
    public FeatureDims dims() {
      return new FeatureDims(1, 1, 1);
    }

    @Override
    public PatchFeatures extract(Tensor pixels) {
      int width = Math.toIntExact(pixels.size(2));
      meet.accept(width);
      int rows = Math.toIntExact(pixels.size(1) / PATCH);
      int columns = width / PATCH;
      return new PatchFeatures(
          rows, columns, level(rows * columns), level(rows * columns), level(rows * columns));
    }

    private static Tensor level(int patches) {
      float[] values = new float[patches];
      Arrays.fill(values, 1);
      return Tensor.of(values, patches, 1);
    }

    @Override
    public void close() {
      // Holds nothing.
    }
  }

  private Path image(String name, int width) throws IOException {
    Path file = folder.resolve(name);
    Files.createDirectories(file.getParent());
    Images.writePng(new BufferedImage(width, 8, BufferedImage.TYPE_INT_RGB), file);
    return file;
  }

  private void extract(IntConsumer meet, boolean skip, int threads, Path... images)
      throws IOException {
    ExtractOptions options = ExtractOptions.DEFAULT.withSkip(skip).withThreads(threads);
    Extractor.Listener listener =
        new Extractor.Listener() {
          @Override
          public void skipped(Path image, BadInputException reason) {
            skipped.add(reason.getMessage());
          }
        };
    try (Extractor extractor =
        Extractor.open(List.of(images), new Narrow(meet), folder.resolve("bank"), options)) {
      extractor.append(listener, Progress.NONE);
      extractor.finish(Progress.NONE);
    }
  }

  private List<String> bank() throws IOException {
    try (FeatureBank bank = FeatureBank.open(folder.resolve("bank"))) {
      return bank.images().stream().map(ImageEntry::path).toList();
    }
  }

  @Test
  void anImageOfTwoNamesIsOneImage() throws IOException {
    Path a = image("photos/a.png", 8);
    Path b = image("photos/b.png", 8);
    Path link = Files.createSymbolicLink(folder.resolve("photos/link.png"), Path.of("a.png"));
    Path around = folder.resolve("photos/../photos/b.png");
    extract(width -> {}, false, 2, a, link, around, b);
    assertEquals(List.of(a.toString(), around.toString()), bank());
    extract(width -> {}, false, 1, link, b, a); // a bank keeps the names that it has
    assertEquals(List.of(a.toString(), around.toString()), bank());
  }

  @Test
  void whateverOneImageDoesIsSkipped() throws IOException {
    Path good = image("good.png", 8);
    Path odd = image("odd.png", 16);
    Path deep = image("deep.png", 24);
    Path large = image("large.png", 32);
    IntConsumer meet =
        width -> {
          switch (width) {
            case 16 -> throw new ArithmeticException("odd");
            case 24 -> throw new StackOverflowError();
            case 32 -> throw new IllegalStateException("decoder", new OutOfMemoryError("heap"));
            default -> assertEquals(8, width);
          }
        };
    extract(meet, true, 2, odd, deep, good, large);
    assertEquals(List.of(good.toString()), bank());
    assertEquals(3, skipped.size());
    assertTrue(skipped.get(0).startsWith(odd + ": unexpected failure"), skipped.get(0));
    assertTrue(skipped.get(1).startsWith(deep + ": unexpected failure"), skipped.get(1));
    assertTrue(skipped.get(2).startsWith(large + ": not enough memory"), skipped.get(2));
    String stopped =
        assertThrows(BadInputException.class, () -> extract(meet, false, 1, large)).getMessage();
    assertEquals(skipped.get(2), stopped);
  }

  @Test
  void anImageThatOthersLeftNoMemoryIsTriedAlone() throws IOException {
    AtomicInteger met = new AtomicInteger();
    IntConsumer once =
        width -> {
          if (met.getAndIncrement() == 0) {
            throw new OutOfMemoryError("heap");
          }
        };
    Path a = image("a.png", 8);
    Path b = image("b.png", 8);
    extract(once, false, 1, a, b);
    assertEquals(List.of(a.toString(), b.toString()), bank());
    assertEquals(3, met.get());
  }

  /** A wish to stop is heard in the middle of an image, which may take long. */
  @Test
  void stoppingEndsTheImagesInHand() throws IOException {
    Path first = image("first.png", 8);
    Path second = image("second.png", 16);
    AtomicBoolean stop = new AtomicBoolean();
    IntConsumer meet =
        width -> {
          while (width == 16) {
            stop.set(true);
            Cancellation.checkCall(); // as every long loop of a backbone does
          }
        };
    Progress stopping = Progress.stoppedBy(stop::get);
    ExtractOptions options = ExtractOptions.DEFAULT.withThreads(1);
    try (Extractor extractor =
        Extractor.open(List.of(first, second), new Narrow(meet), folder.resolve("bank"), options)) {
      assertThrows(
          CancelledException.class, () -> extractor.append(Extractor.Listener.NONE, stopping));
    }
    assertEquals(List.of(first.toString()), bank());
    extract(width -> {}, false, 1, first, second);
    assertEquals(List.of(first.toString(), second.toString()), bank());
  }

  @Test
  void whatIsNoImagesFaultIsNotSkipped() throws IOException {
    Path a = image("a.png", 8);
    IntConsumer gone =
        width -> {
          throw new UnavailableException("the library is gone");
        };
    assertThrows(UnavailableException.class, () -> extract(gone, true, 1, a));
    assertEquals(List.of(), skipped);
  }

  @Test
  void aBankWithoutAnImageBindsNobody() throws IOException {
    Path bad = Files.writeString(folder.resolve("bad.png"), "none");
    Path good = image("good.png", 8);
    Path bank = folder.resolve("bank");
    assertThrows(BadInputException.class, () -> extract(width -> {}, true, 1, bad));
    assertFalse(Files.exists(bank));
    Files.createDirectory(bank);
    assertThrows(BadInputException.class, () -> extract(width -> {}, false, 1, bad));
    try (Stream<Path> left = Files.list(bank)) {
      assertEquals(List.of(), left.toList()); // the user's own folder stays
    }
    // As a killed run leaves it: settings, and no image yet.
    FeatureBankWriter.open(bank, SyntheticBank.settings(DType.F16), SyntheticBank.PROVENANCE)
        .close();
    extract(width -> {}, false, 1, good);
    assertEquals(List.of(good.toString()), bank());
    ExtractOptions other =
        ExtractOptions.DEFAULT.withSize(Optional.of(new ImageGeometry.Size(16, 16)));
    assertThrows(
        IncompatibleException.class,
        () -> Extractor.open(List.of(good), new Narrow(width -> {}), bank, other));
  }

  @Test
  void noFileDependsOnALocale() throws IOException {
    Path a = image("a.png", 8);
    Locale before = Locale.getDefault();
    try {
      for (String language : List.of("ar-EG-u-nu-arab", "fa-IR", "hi-IN-u-nu-deva", "tr-TR")) {
        Locale.setDefault(Locale.forLanguageTag(language));
        extract(width -> {}, false, 1, a);
        assertTrue(Files.exists(folder.resolve("bank/high-00000.bank")), language);
        FeatureBank.delete(folder.resolve("bank"));
      }
    } finally {
      Locale.setDefault(before);
    }
  }

  @Test
  void imagesInMemoryMakeTheBankOfTheirFiles() throws IOException {
    Path a = image("a.png", 8);
    Path b = image("b.png", 24);
    extract(width -> {}, false, 1, a, b);
    Path memory = folder.resolve("memory");
    try (Backbone narrow = new Narrow(width -> {});
        Extractor extractor = Extractor.open(List.of(), narrow, memory, ExtractOptions.DEFAULT)) {
      extractor.append(a.toString(), MemorySegment.ofArray(Files.readAllBytes(a)), Progress.NONE);
      Exception refusal =
          assertThrows(
              BadInputException.class,
              () ->
                  extractor.append(
                      "s3://photos/c", MemorySegment.ofArray(new byte[] {1}), Progress.NONE));
      assertTrue(refusal.getMessage().startsWith("s3://photos/c: "), refusal.getMessage());
      for (int i = 0; i < 2; i++) { // what is there is left out
        extractor.append(b.toString(), MemorySegment.ofArray(Files.readAllBytes(b)), Progress.NONE);
      }
      extractor.finish(Progress.NONE);
    }
    assertEquals(SyntheticBank.content(folder.resolve("bank")), SyntheticBank.content(memory));
  }
}
