package dev.eigenseg.api;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.eigenseg.api.internal.image.RgbImages;
import dev.eigenseg.api.internal.kernel.ImagePixels;
import java.awt.color.ColorSpace;
import java.awt.color.ICC_Profile;
import java.awt.image.BufferedImage;
import java.awt.image.IndexColorModel;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Colours against numbers that Pillow 13 gave for the same pixels, with its ImageCms where a
 * profile is embedded (relative colorimetric, without LCMS's 8-bit shortcuts).
 */
class ImageColorTest {
  @TempDir Path folder;

  private static void assertColor(int expected, BufferedImage image, int x, String what) {
    int found = image.getRGB(x, 0);
    for (int shift = 0; shift < 24; shift += 8) {
      assertEquals(
          expected >> shift & 255,
          found >> shift & 255,
          2,
          "%s at %d: %06x, expected %06x".formatted(what, x, found & 0xFFFFFF, expected));
    }
  }

  /** Inks as they are stored, 255 for none, and what is seen of them. */
  private static final int[][] INKS = {
    {255, 255, 255, 255, 0xFFFFFF},
    {255, 255, 255, 0, 0x000000},
    {40, 200, 120, 255, 0x28C878},
    {40, 200, 120, 128, 0x14643C},
    {200, 90, 30, 210, 0xA54A19}
  };

  @Test
  void inksAreWhatPillowAndBrowsersShow() throws IOException {
    for (int[] ink : INKS) {
      byte[] jpeg = WrittenImages.jpeg(ink[0], ink[1], ink[2], ink[3]);
      assertColor(ink[4], Images.read(WrittenImages.withAdobe(jpeg, 0)), 4, "CMYK");
      assertColor(ink[4], Images.read(jpeg), 4, "CMYK without Adobe's segment");
      // Luminance and colour differences of the stored numbers' complements, as libjpeg has them.
      int r = 255 - ink[0];
      int g = 255 - ink[1];
      int b = 255 - ink[2];
      int y = 255 - (int) Math.round(0.299 * (255 - r) + 0.587 * (255 - g) + 0.114 * (255 - b));
      int cb = (int) Math.round(128 + (b - y) / 1.772);
      int cr = (int) Math.round(128 + (r - y) / 1.402);
      byte[] ycck = WrittenImages.withAdobe(WrittenImages.jpeg(y, cb, cr, ink[3]), 2);
      assertColor(ink[4], Images.read(ycck), 4, "YCCK");
      assertColor(
          ink[4], RgbImages.of(ImageIO.read(new ByteArrayInputStream(ycck))), 4, "ImageIO's YCCK");
    }
  }

  @Test
  void printersProfilesCount() throws IOException {
    int[] expected = {0xFFFFFF, 0x767676, 0x6DA47E, 0x54836C, 0xA57955};
    for (int i = 0; i < INKS.length; i++) {
      int[] ink = INKS[i];
      byte[] jpeg = WrittenImages.withAdobe(WrittenImages.jpeg(ink[0], ink[1], ink[2], ink[3]), 0);
      byte[] profile = WrittenImages.cmykProfile();
      for (int parts : new int[] {1, 3}) {
        BufferedImage image = Images.read(WrittenImages.withProfile(jpeg, profile, parts));
        assertColor(expected[i], image, 4, parts + " parts");
      }
    }
  }

  private static BufferedImage flat(int type, int... colors) {
    BufferedImage image = new BufferedImage(16 * colors.length, 16, type);
    for (int x = 0; x < image.getWidth(); x++) {
      for (int y = 0; y < 16; y++) {
        image.setRGB(x, y, 0xFF000000 | colors[x / 16]);
      }
    }
    return image;
  }

  private static BufferedImage gray(int type, int... levels) {
    BufferedImage image = new BufferedImage(16 * levels.length, 16, type);
    for (int x = 0; x < image.getWidth(); x++) {
      for (int y = 0; y < 16; y++) {
        image.getRaster().setSample(x, y, 0, levels[x / 16]);
      }
    }
    return image;
  }

  private static void assertColors(int[] expected, BufferedImage image, String what) {
    for (int i = 0; i < expected.length; i++) {
      assertColor(expected[i], image, 16 * i + 8, what);
    }
  }

  @Test
  void profilesOfColourAreApplied() throws IOException {
    BufferedImage image = flat(BufferedImage.TYPE_INT_RGB, 0x063CFA, 0x800314);
    int[] asLinear = {0x2A85FD, 0xBC1C4F};
    int[] swapped = {0xFA3C06, 0x140380};
    byte[] png = WrittenImages.png(image);
    byte[] jpeg = WrittenImages.jpeg(flat(BufferedImage.TYPE_INT_RGB, 0x643C96, 0xC8785A));
    byte[] linear = WrittenImages.linearProfile();
    byte[] exchanged = WrittenImages.swappedProfile();
    assertColors(asLinear, Images.read(WrittenImages.withProfile(png, linear)), "PNG");
    assertColors(
        new int[] {0xA885CA, 0xE5B6A0},
        Images.read(WrittenImages.withProfile(jpeg, linear, 2)),
        "JPEG");
    assertColors(swapped, Images.read(WrittenImages.withProfile(png, exchanged)), "PNG");
    assertColors(
        new int[] {0x963C64, 0x5A78C8},
        Images.read(WrittenImages.withProfile(jpeg, exchanged, 1)),
        "JPEG");
    byte[] palette = {6, (byte) 128};
    byte[] green = {60, 3};
    byte[] blue = {(byte) 250, 20};
    BufferedImage indexed =
        new BufferedImage(
            32,
            16,
            BufferedImage.TYPE_BYTE_INDEXED,
            new IndexColorModel(8, 2, palette, green, blue));
    for (int i = 0; i < 512; i++) {
      indexed.getRaster().setSample(i % 32, i / 32, 0, i % 32 / 16);
    }
    byte[] colors = WrittenImages.png(indexed);
    assertColors(new int[] {0x063CFA, 0x800314}, Images.read(colors), "palette");
    assertColors(asLinear, Images.read(WrittenImages.withProfile(colors, linear)), "palette");
  }

  @Test
  void aProfileThatSaysNothingNewChangesNothing() throws IOException {
    BufferedImage image = flat(BufferedImage.TYPE_INT_RGB, 0x063CFA, 0x800314, 0x101112);
    byte[] srgb = ICC_Profile.getInstance(ColorSpace.CS_sRGB).getData();
    byte[] damaged = srgb.clone();
    Arrays.fill(damaged, 40, damaged.length, (byte) 77);
    for (byte[] profile : new byte[][] {srgb, damaged, new byte[0], WrittenImages.cmykProfile()}) {
      BufferedImage read =
          Images.read(WrittenImages.withProfile(WrittenImages.png(image), profile));
      for (int x = 0; x < image.getWidth(); x++) {
        assertEquals(image.getRGB(x, 3), read.getRGB(x, 3));
      }
    }
  }

  @Test
  void greyIsWhatItsFileSays() throws IOException {
    int[] plain = {0x060606, 0x3C3C3C, 0x808080, 0xFAFAFA};
    int[] asLinear = {0x2A2A2A, 0x858585, 0xBCBCBC, 0xFDFDFD};
    BufferedImage gray = gray(BufferedImage.TYPE_BYTE_GRAY, 6, 60, 128, 250);
    byte[] profile = WrittenImages.linearGrayProfile();
    assertColors(plain, Images.read(WrittenImages.jpeg(gray)), "JPEG");
    assertColors(plain, Images.read(WrittenImages.png(gray)), "PNG");
    assertColors(
        asLinear,
        Images.read(WrittenImages.withProfile(WrittenImages.jpeg(gray), profile, 1)),
        "JPEG");
    assertColors(
        asLinear, Images.read(WrittenImages.withProfile(WrittenImages.png(gray), profile)), "PNG");
    BufferedImage wide = gray(BufferedImage.TYPE_USHORT_GRAY, 1542, 15420, 32896, 64250);
    assertColors(plain, Images.read(WrittenImages.png(wide)), "PNG of 16 bits");
    assertColors(
        asLinear,
        Images.read(WrittenImages.withProfile(WrittenImages.png(wide), profile)),
        "PNG of 16 bits");
  }

  @Test
  void sixteenBitsOfLinearLightKeepTheirDarkTones() throws IOException {
    // 100 of 65535 is 0 of 255, and seen all the same.
    BufferedImage wide = gray(BufferedImage.TYPE_USHORT_GRAY, 100, 206, 411, 1000);
    byte[] png =
        WrittenImages.withProfile(WrittenImages.png(wide), WrittenImages.linearGrayProfile());
    assertColors(new int[] {0x050505, 0x0A0A0A, 0x121212, 0x212121}, Images.read(png), "dark");
  }

  @Test
  void fractionsAreLightFrom0To1OrTo255() throws IOException {
    int[] expected = {0x000000, 0x404040, 0x7F7F7F, 0xFFFFFF};
    byte[] one = WrittenImages.floats(0, 0.25f, 0.5f, 1);
    byte[] many = WrittenImages.floats(0, 64, 127, 255);
    byte[] beyond = WrittenImages.floats(-0.01f, 0.25f, 0.5f, 1.02f);
    for (byte[] pixels : new byte[][] {one, many, beyond}) {
      BufferedImage image = Images.read(WrittenImages.tiff(4, pixels, 1, 32, 1, 3));
      for (int i = 0; i < 4; i++) {
        assertColor(expected[i], image, i, "grey");
      }
    }
    byte[] color = WrittenImages.floats(0, 0.25f, 1, 1, 0.5f, 0);
    BufferedImage image = Images.read(WrittenImages.tiff(2, color, 3, 32, 2, 3));
    assertColor(0x0040FF, image, 0, "colour");
    assertColor(0xFF7F00, image, 1, "colour");
    for (float odd : new float[] {Float.NaN, -20, 4000}) {
      byte[] file = WrittenImages.tiff(2, WrittenImages.floats(0, odd), 1, 32, 1, 3);
      assertRefused(() -> Images.read(file), "from 0 to 1, or from 0 to 255");
    }
    byte[] signed = WrittenImages.tiff(2, WrittenImages.shorts(0, -5), 1, 16, 1, 2);
    assertRefused(() -> Images.read(signed), "save it with 8 or 16 bits");
  }

  private static void assertRefused(Runnable reading, String part) {
    String message = assertThrows(BadInputException.class, reading::run).getMessage();
    assertTrue(message.contains(part), message);
  }

  @Test
  void bandsAreOpacityOnlyIfTheFileSaysSo() throws IOException {
    byte[] pixels = WrittenImages.bytes(200, 100, 50, 51, 10, 20, 30, 0);
    int extra = 338;
    int[][] opaque = {
      {0xC86432, 0x0A141E}, {0xC86432, 0x0A141E}, {0x28140A, 0}, {0xC86432, 0x0A141E}
    };
    byte[][] files = {
      WrittenImages.tiff(2, pixels, 4, 8, 2, 1),
      WrittenImages.tiff(2, pixels, 4, 8, 2, 1, new int[] {extra, 0}),
      WrittenImages.tiff(2, pixels, 4, 8, 2, 1, new int[] {extra, 2}),
      WrittenImages.tiff(2, pixels, 4, 8, 2, 1, new int[] {extra, 1})
    };
    for (int i = 0; i < files.length; i++) {
      BufferedImage image = Images.read(files[i]);
      assertColor(opaque[i][0], image, 0, "file " + i);
      assertColor(opaque[i][1], image, 1, "file " + i);
    }
    byte[] wide = WrittenImages.shorts(51400, 25700, 12850, 13107, 1, 2, 3);
    byte[] seven = WrittenImages.tiff(1, wide, 7, 16, 1, 1);
    assertColor(0xC86432, Images.read(seven), 0, "seven bands");
    byte[] two =
        WrittenImages.tiff(1, WrittenImages.bytes(90, 3), 2, 8, 1, 1, new int[] {extra, 0});
    assertColor(0x5A5A5A, Images.read(two), 0, "two bands");
  }

  @Test
  void bandsMayBeChosen() throws IOException {
    byte[] pixels = WrittenImages.bytes(200, 100, 50, 51, 10, 20, 30, 0);
    Path file = Files.write(folder.resolve("nir.tif"), WrittenImages.tiff(2, pixels, 4, 8, 2, 1));
    Images.Bands bands = Images.Bands.parse("4, 2,1");
    BufferedImage image = Images.read(file, Optional.of(bands));
    assertColor(0x3364C8, image, 0, "bands");
    assertColor(0x00140A, image, 1, "bands");
    ImageGeometry geometry = new ImageGeometry(Optional.empty(), 8).withBands(Optional.of(bands));
    assertEquals(image.getRGB(0, 0), geometry.read(file).getRGB(0, 0));
    Optional<Images.Bands> missing = Optional.of(new Images.Bands(1, 2, 5));
    assertRefused(
        () -> Images.read(file, missing), "nir.tif: it has 4 bands, and there is no band 5");
    byte[] png = WrittenImages.png(flat(BufferedImage.TYPE_INT_RGB, 0x063CFA));
    MemorySegment rgb = MemorySegment.ofArray(png);
    BufferedImage exchanged = Images.read(rgb, Optional.of(new Images.Bands(3, 2, 1)));
    assertColor(0xFA3C06, exchanged, 0, "exchanged");
    for (String text : new String[] {"", "1,2", "0,1,2", "a,b,c", "1,2,3,4"}) {
      assertThrows(IllegalArgumentException.class, () -> Images.Bands.parse(text), text);
    }
  }

  @Test
  void everyWayInGivesTheSamePixels() throws IOException {
    Map<String, byte[]> files = new LinkedHashMap<>();
    BufferedImage color = flat(BufferedImage.TYPE_INT_RGB, 0x063CFA, 0x800314);
    files.put("gray.jpg", WrittenImages.jpeg(gray(BufferedImage.TYPE_BYTE_GRAY, 6, 60, 128)));
    files.put(
        "wide.png", WrittenImages.png(gray(BufferedImage.TYPE_USHORT_GRAY, 1600, 15500, 33000)));
    files.put("color.jpg", WrittenImages.jpeg(color));
    files.put("ink.jpg", WrittenImages.withAdobe(WrittenImages.jpeg(40, 200, 120, 128), 0));
    files.put(
        "linear.jpg",
        WrittenImages.withProfile(WrittenImages.jpeg(color), WrittenImages.linearProfile(), 1));
    BufferedImage clear = new BufferedImage(4, 1, BufferedImage.TYPE_INT_ARGB);
    clear.setRGB(0, 0, 4, 1, new int[] {0x80FF8040, 0x00FF8040, 0xFF102030, 0x33FFFFFF}, 0, 4);
    files.put("clear.png", WrittenImages.png(clear));
    files.put("light.tif", WrittenImages.tiff(2, WrittenImages.floats(0.3f, 0.7f), 1, 32, 1, 3));
    for (Map.Entry<String, byte[]> file : files.entrySet()) {
      byte[] bytes = file.getValue();
      Path path = Files.write(folder.resolve(file.getKey()), bytes);
      int[] expected = pixels(Images.read(path));
      ByteBuffer middle =
          ByteBuffer.allocate(bytes.length + 20).position(9).put(bytes).flip().position(9);
      ByteBuffer direct = ByteBuffer.allocateDirect(bytes.length).put(bytes).flip();
      assertArrayEquals(expected, pixels(Images.read(bytes)), file.getKey());
      assertArrayEquals(expected, pixels(Images.read(middle)), file.getKey());
      assertArrayEquals(expected, pixels(Images.read(direct.asReadOnlyBuffer())), file.getKey());
      assertEquals(9, middle.position(), "not consumed");
      assertArrayEquals(
          expected, pixels(Images.read(new ByteArrayInputStream(bytes))), file.getKey());
      assertArrayEquals(
          expected, pixels(Images.read(MemorySegment.ofBuffer(direct))), file.getKey());
      BufferedImage decoded = ImageIO.read(new ByteArrayInputStream(bytes));
      assertArrayEquals(expected, ImagePixels.colors(decoded), file.getKey() + " by ImageIO");
    }
  }

  private static int[] pixels(BufferedImage image) {
    assertEquals(BufferedImage.TYPE_INT_RGB, image.getType());
    int[] pixels =
        image.getRGB(0, 0, image.getWidth(), image.getHeight(), null, 0, image.getWidth());
    for (int i = 0; i < pixels.length; i++) {
      pixels[i] &= 0xFFFFFF;
    }
    return pixels;
  }

  @Test
  void whatIsNotReadIsNamedWithWhatToDo() {
    String[][] kinds = {
      {"\0\0\0\u0018ftypheic\0\0\0\0mif1heic", "HEIC", "heif-convert"},
      {"\0\0\0\u001cftypmif1\0\0\0\0mif1avifmiaf", "AVIF", "avifdec"},
      {"\0\0\0\u0014ftypisom\0\0\0\0", "a video", "frames"},
      {"RIFF\0\0\0\0WEBPVP8 ", "WebP", "imageio-webp"},
      {"II+\0\b\0\0\0", "BigTIFF", "in parts"},
      {"\0\0\0\fjP  \r\n\u0087\n", "JPEG 2000", "opj_decompress"},
      {"%PDF-1.7", "PDF", "pdftoppm"}
    };
    for (String[] kind : kinds) {
      byte[] bytes = kind[0].getBytes(StandardCharsets.ISO_8859_1);
      assertRefused(() -> Images.read(bytes), "the image: this is " + kind[1]);
      assertRefused(() -> Images.read(bytes), kind[2]);
    }
    byte[] lab = WrittenImages.tiff(1, WrittenImages.bytes(1, 2, 3), 3, 8, 8, 1);
    assertRefused(() -> Images.read(lab), "L*a*b*");
    byte[] preview =
        WrittenImages.tiff(1, WrittenImages.bytes(1, 2, 3), 3, 8, 2, 1, new int[] {254, 1});
    assertRefused(() -> Images.read(preview), "camera's raw file");
  }

  @Test
  void lossyFilesAreKnownByTheirContent() throws IOException {
    BufferedImage gray = gray(BufferedImage.TYPE_BYTE_GRAY, 6, 60);
    Path jpeg = Files.write(folder.resolve("label.png"), WrittenImages.jpeg(gray));
    Path png = Files.write(folder.resolve("label.jpg"), WrittenImages.png(gray));
    assertTrue(Images.header(jpeg).lossy());
    assertEquals(new Images.Header(32, 16, 1, 1, false), Images.header(png));
  }
}
