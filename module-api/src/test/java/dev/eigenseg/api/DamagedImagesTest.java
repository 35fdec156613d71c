package dev.eigenseg.api;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.eigenseg.api.internal.image.ImageTags;
import dev.eigenseg.api.internal.kernel.Parallel;
import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.zip.DeflaterOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.api.io.TempDir;

/** Damaged files are read or refused, and end in nothing else. */
class DamagedImagesTest {
  @TempDir Path folder;

  private static List<byte[]> files() throws IOException {
    BufferedImage image = new BufferedImage(16, 16, BufferedImage.TYPE_INT_RGB);
    byte[] exif = WrittenImages.exif(6, ByteOrder.LITTLE_ENDIAN);
    byte[] profile = WrittenImages.linearProfile();
    byte[] jpeg = WrittenImages.withProfile(WrittenImages.jpeg(image), profile, 2);
    byte[] png = WrittenImages.withProfile(WrittenImages.png(image), profile);
    byte[] pixels = new byte[4 * 16];
    return List.of(
        WrittenImages.withExif(jpeg, exif),
        WrittenImages.withChunk(png, "eXIf", exif, false),
        WrittenImages.tiff(4, pixels, 4, 8, 2, 1, new int[] {274, 3}, new int[] {338, 2}));
  }

  private static int read(byte[] file) {
    try {
      BufferedImage image = Images.read(file);
      assertEquals(BufferedImage.TYPE_INT_RGB, image.getType());
      return 1;
    } catch (BadInputException e) {
      assertTrue(e.getMessage().startsWith("the image: "), e.getMessage());
      return 0;
    }
  }

  @Test
  void cutOffAnywhere() throws IOException {
    for (byte[] file : files()) {
      int whole = 0;
      for (int length = 0; length < file.length; length += length < 700 ? 1 : 41) {
        whole += read(Arrays.copyOf(file, length));
      }
      assertTrue(whole < file.length / 2, whole + " of " + file.length);
    }
  }

  @Test
  void oddBytesInTagsAreNoError() throws IOException {
    long seed = System.nanoTime();
    System.out.println("seed " + seed);
    Random random = new Random(seed);
    for (byte[] file : files()) {
      assertEquals(1, read(file));
      for (int trial = 0; trial < 3000; trial++) {
        byte[] odd = file.clone();
        for (int i = 0; i < 1 + trial % 3; i++) {
          int at = random.nextInt(file.length);
          odd[at] = (byte) (odd[at] ^ 1 << random.nextInt(8));
        }
        // Refuses nothing: the pixels' reader does. With those, a flipped bit may ask for
        // gigabytes.
        ImageTags.of(MemorySegment.ofArray(odd));
      }
    }
  }

  /** Small files that claim to be large: what they claim is looked at before it is believed. */
  @Test
  void largeImagesAreRefusedBeforeTheyAreDecoded() throws IOException {
    byte[] gif = new byte[55];
    byte[] begin = "GIF89a\0\0\0\0\0\0\0,\0\0\0\0".getBytes(StandardCharsets.ISO_8859_1);
    System.arraycopy(begin, 0, gif, 0, begin.length);
    ByteBuffer.wrap(gif)
        .order(ByteOrder.LITTLE_ENDIAN)
        .putShort(6, (short) -1)
        .putShort(8, (short) -1)
        .putShort(begin.length, (short) -1)
        .putShort(begin.length + 2, (short) -1);
    BadInputException refused = assertThrows(BadInputException.class, () -> Images.read(gif));
    assertTrue(refused.getMessage().contains("65535 x 65535 pixels"), refused.getMessage());

    byte[] png = WrittenImages.png(new BufferedImage(30, 20, BufferedImage.TYPE_INT_RGB));
    assertEquals(30, Images.limited(600, () -> Images.read(png)).getWidth());
    refused =
        assertThrows(BadInputException.class, () -> Images.limited(599, () -> Images.read(png)));
    assertTrue(refused.getMessage().contains("more than the 599"), refused.getMessage());
    assertEquals(30, Images.limited(1, () -> Images.header(MemorySegment.ofArray(png))).width());
    // Helpers of a call keep to its limit.
    assertThrows(
        BadInputException.class,
        () ->
            Images.limited(
                599,
                () -> {
                  Parallel.forEach(2, 2, i -> Images.read(png));
                  return null;
                }));
  }

  /** The JDK's reader makes tables of all values that samples can have. */
  @Test
  void samplesThatTakeLargeTablesAreRefusedBeforeTheyAreMade() throws IOException {
    for (int bits : new int[] {17, 24, 28, 30, 31}) {
      byte[] tiff = WrittenImages.tiff(4, new byte[4 * 4 * 8], 1, bits, 1, 1);
      assertRefused("more than 16 bits", tiff);
      // The reader knows no depth in bytes, and goes on where we would see the last one.
      byte[] twice = WrittenImages.tiff(4, new byte[4 * 4 * 8], 1, bits, 1, 1, new int[] {258, 8});
      ByteBuffer.wrap(twice)
          .order(ByteOrder.LITTLE_ENDIAN)
          .putShort(entry(twice, 258, 1) + 2, (short) 1);
      assertRefused("more than 16 bits", twice);
    }
    byte[] many = WrittenImages.tiff(2, new byte[2 * 2 * 150 * 2], 150, 15, 1, 1);
    assertRefused("tables of 18 MB", many);
    ByteBuffer uneven = ByteBuffer.wrap(many.clone()).order(ByteOrder.LITTLE_ENDIAN);
    uneven.putShort(uneven.getInt(entry(many, 258, 0) + 8), (short) 16);
    assertRefused("tables of 37 MB", uneven.array());
    assertEquals(1, read(WrittenImages.tiff(2, new byte[2 * 2 * 150 * 2], 150, 16, 1, 1)));
  }

  private void assertRefused(String why, byte[] image) throws IOException {
    Path file = Files.write(folder.resolve("image.tif"), image);
    List<Executable> readings = List.of(() -> Images.read(image), () -> Images.readRaw(file));
    for (Executable reading : readings) {
      BadInputException refused = assertThrows(BadInputException.class, reading);
      assertTrue(refused.getMessage().contains(why), refused.getMessage());
    }
  }

  /** Where the n-th entry of a tag begins in a little-endian TIFF file. */
  private static int entry(byte[] tiff, int tag, int n) {
    ByteBuffer bytes = ByteBuffer.wrap(tiff).order(ByteOrder.LITTLE_ENDIAN);
    int at = bytes.getInt(4) + 2;
    for (int left = n; bytes.getShort(at) != tag || left-- > 0; ) {
      at += 12;
    }
    return at;
  }

  /** Each of these names might begin EXIF behind the pixels, and lead to a profile of 16 MiB. */
  @Test
  void manyNamesOfChunksAreLookedAtOnce() throws IOException {
    byte[] png = WrittenImages.png(new BufferedImage(2, 2, BufferedImage.TYPE_INT_RGB));
    byte[] packed = deflated(16 << 20);
    byte[] exif = "eXIf".getBytes(StandardCharsets.ISO_8859_1);
    ByteBuffer file = ByteBuffer.allocate(png.length - 12 + 40_000 + packed.length + 14);
    file.put(png, 0, png.length - 12); // without its end
    while (file.position() < png.length + 40_000 - 24) {
      file.putInt(0).put(exif).putInt(0);
    }
    file.putInt(packed.length + 2).put("iCCP\0\0".getBytes(StandardCharsets.ISO_8859_1));
    file.put(packed);
    assertTimeoutPreemptively(
        Duration.ofSeconds(10), () -> ImageTags.of(MemorySegment.ofArray(file.array())));
  }

  @Test
  void theFirstOfManyProfilesIsTaken() throws IOException {
    byte[] png = WrittenImages.png(new BufferedImage(2, 2, BufferedImage.TYPE_INT_RGB));
    byte[] packed = deflated(16 << 20);
    byte[] bomb = new byte[packed.length + 2]; // no name
    System.arraycopy(packed, 0, bomb, 2, packed.length);
    byte[] many = png;
    for (int i = 0; i < 300; i++) {
      many = WrittenImages.withChunk(many, "iCCP", bomb, true);
    }
    MemorySegment file = MemorySegment.ofArray(many);
    assertTimeoutPreemptively(
        Duration.ofSeconds(10), () -> assertEquals(Optional.empty(), ImageTags.of(file).profile()));
    byte[] two = WrittenImages.withProfile(png, WrittenImages.linearProfile());
    two = WrittenImages.withChunk(two, "iCCP", bomb, true);
    assertTrue(
        ImageTags.of(MemorySegment.ofArray(two)).profile().isEmpty(), "a damaged one came first");
  }

  private static byte[] deflated(int zeros) throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (DeflaterOutputStream deflating = new DeflaterOutputStream(bytes)) {
      deflating.write(new byte[zeros]);
    }
    return bytes.toByteArray();
  }
}
