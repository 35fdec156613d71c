package dev.eigenseg.api;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;

import dev.eigenseg.api.internal.image.Orientation;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Photographs are read as viewers show them, whatever way they were stored. */
class ImageOrientationTest {
  // What Pillow's ImageOps.exif_transpose makes of abc over def.
  private static final String[] SHOWN = {
    "abc/def", "cba/fed", "fed/cba", "def/abc", "ad/be/cf", "da/eb/fc", "fc/eb/da", "cf/be/ad"
  };
  private static final int[] COLORS = {0xC02020, 0x20C020, 0x2020C0, 0xC0C020, 0x20C0C0, 0xC0C0C0};
  private static final int SIDE = 16;

  @TempDir Path folder;

  private static BufferedImage stored() {
    BufferedImage image = new BufferedImage(3 * SIDE, 2 * SIDE, BufferedImage.TYPE_INT_RGB);
    for (int y = 0; y < image.getHeight(); y++) {
      for (int x = 0; x < image.getWidth(); x++) {
        image.setRGB(x, y, COLORS[y / SIDE * 3 + x / SIDE]);
      }
    }
    return image;
  }

  private static String shown(BufferedImage image) {
    StringBuilder letters = new StringBuilder();
    for (int y = SIDE / 2; y < image.getHeight(); y += SIDE) {
      letters.append(letters.isEmpty() ? "" : "/");
      for (int x = SIDE / 2; x < image.getWidth(); x += SIDE) {
        letters.append((char) ('a' + nearest(image.getRGB(x, y))));
      }
    }
    return letters.toString();
  }

  private static int nearest(int rgb) {
    for (int i = 0; i < COLORS.length; i++) {
      int red = Math.abs((rgb >> 16 & 255) - (COLORS[i] >> 16 & 255));
      int green = Math.abs((rgb >> 8 & 255) - (COLORS[i] >> 8 & 255));
      int blue = Math.abs((rgb & 255) - (COLORS[i] & 255));
      if (Math.max(red, Math.max(green, blue)) <= 3) {
        return i;
      }
    }
    throw new AssertionError("no colour of the picture: " + Integer.toHexString(rgb));
  }

  private static byte[] tiff(int orientation) {
    byte[] pixels = new byte[3 * SIDE * 2 * SIDE * 3];
    for (int i = 0; i < pixels.length; i++) {
      int pixel = i / 3;
      int color = COLORS[pixel / (3 * SIDE) / SIDE * 3 + pixel % (3 * SIDE) / SIDE];
      pixels[i] = (byte) (color >> (16 - 8 * (i % 3)));
    }
    return WrittenImages.tiff(3 * SIDE, pixels, 3, 8, 2, 1, new int[] {274, orientation});
  }

  private static Map<String, byte[]> files(int orientation) throws IOException {
    byte[] little = WrittenImages.exif(orientation, ByteOrder.LITTLE_ENDIAN);
    byte[] big = WrittenImages.exif(orientation, ByteOrder.BIG_ENDIAN);
    byte[] jpeg = WrittenImages.jpeg(stored());
    byte[] png = WrittenImages.png(stored());
    Map<String, byte[]> files = new TreeMap<>();
    files.put("little.jpg", WrittenImages.withExif(jpeg, little));
    files.put("big.jpg", WrittenImages.withExif(jpeg, big));
    files.put("first.png", WrittenImages.withChunk(png, "eXIf", big, true));
    files.put("last.png", WrittenImages.withChunk(png, "eXIf", little, false));
    files.put("tag.tif", tiff(orientation));
    return files;
  }

  @Test
  void allEightAreTurned() throws IOException {
    for (int orientation = 1; orientation <= SHOWN.length; orientation++) {
      for (Map.Entry<String, byte[]> file : files(orientation).entrySet()) {
        String what = file.getKey() + " " + orientation;
        Path path = Files.write(folder.resolve(file.getKey()), file.getValue());
        BufferedImage read = Images.read(path);
        assertEquals(SHOWN[orientation - 1], shown(read), what);
        assertEquals(SHOWN[orientation - 1], shown(Images.readRaw(path)), what);
        Images.Header header = Images.header(path);
        assertEquals(read.getWidth(), header.width(), what);
        assertEquals(read.getHeight(), header.height(), what);
        assertEquals(orientation, header.orientation(), what);
      }
    }
  }

  @Test
  void tagsThatMeanNothingArePassedOver() throws IOException {
    byte[] jpeg = WrittenImages.jpeg(stored());
    byte[] exif = WrittenImages.exif(6, ByteOrder.BIG_ENDIAN);
    for (int orientation : new int[] {0, 9, 6000}) {
      byte[] other = WrittenImages.exif(orientation, ByteOrder.BIG_ENDIAN);
      assertEquals(SHOWN[0], shown(Images.read(WrittenImages.withExif(jpeg, other))));
    }
    for (int length = 0; length < exif.length - 6; length++) { // up to the value itself
      byte[] cut = Arrays.copyOf(exif, length);
      String found = shown(Images.read(WrittenImages.withExif(jpeg, cut)));
      assertEquals(length < 20 ? SHOWN[0] : found, found, length + " bytes");
    }
  }

  @Test
  void whatPixelsHappenToSpellIsNoTag() throws IOException {
    byte[] png = WrittenImages.png(stored());
    byte[] text =
        WrittenImages.withChunk(
            png, "tEXt", "a\0before eXIf after".getBytes(StandardCharsets.US_ASCII), false);
    assertEquals(SHOWN[0], shown(Images.read(text)));
  }

  @Test
  void uprightImagesAreNotCopied() {
    BufferedImage image = stored();
    assertSame(image, Orientation.UPRIGHT.turnRgb(image));
  }
}
