package dev.eigenseg.api;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.eigenseg.api.tensor.Tensor;
import java.awt.color.ColorSpace;
import java.awt.image.BufferedImage;
import java.awt.image.ComponentColorModel;
import java.awt.image.DataBuffer;
import java.awt.image.IndexColorModel;
import java.awt.image.Raster;
import java.awt.image.WritableRaster;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.Optional;
import java.util.Random;
import java.util.stream.Stream;
import javax.imageio.IIOImage;
import javax.imageio.ImageIO;
import javax.imageio.ImageWriter;
import javax.imageio.stream.ImageOutputStream;
import javax.imageio.stream.MemoryCacheImageOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ImagesTest {
  @TempDir Path folder;

  @Test
  void readingClosesItsFile() throws IOException {
    Path open = Path.of("/proc/self/fd");
    assumeTrue(Files.isDirectory(open), "open files are listed in /proc");
    Path image = png(new BufferedImage(9, 7, BufferedImage.TYPE_INT_RGB)).toRealPath();
    Images.read(image);
    try (Stream<Path> files = Files.list(open)) {
      assertEquals(0, files.filter(file -> image.equals(target(file))).count());
    }
  }

  private static Path target(Path link) {
    try {
      return Files.readSymbolicLink(link);
    } catch (IOException e) {
      return link; // closed since it was listed
    }
  }

  @Test
  void headersTellSizesAndChannels() throws IOException {
    for (int type :
        new int[] {
          BufferedImage.TYPE_BYTE_GRAY, BufferedImage.TYPE_USHORT_GRAY,
          BufferedImage.TYPE_BYTE_INDEXED, BufferedImage.TYPE_BYTE_BINARY
        }) {
      assertEquals(
          new Images.Header(9, 7, 1, 1, false), Images.header(png(new BufferedImage(9, 7, type))));
    }
    BufferedImage rgb = new BufferedImage(9, 7, BufferedImage.TYPE_INT_RGB);
    assertEquals(new Images.Header(9, 7, 3, 1, false), Images.header(png(rgb)));
    for (String format : new String[] {"jpg", "bmp"}) {
      Path file = folder.resolve("image." + format);
      ImageIO.write(rgb, format, file.toFile());
      assertEquals(9, Images.header(file).width(), format);
      assertEquals(7, Images.header(file).height(), format);
    }
  }

  @Test
  void headersNeedNoPixelsButMustBeWhole() throws IOException {
    byte[] whole = Files.readAllBytes(png(new BufferedImage(9, 7, BufferedImage.TYPE_BYTE_GRAY)));
    int headerEnd = 8 + 4 + 4 + 13; // signature; IHDR's length, name and content
    int pixels = new String(whole, StandardCharsets.ISO_8859_1).indexOf("IDAT") + 4;
    Path cut = folder.resolve("cut.png");
    for (int length = 0; length < whole.length; length++) {
      Files.write(cut, Arrays.copyOf(whole, length));
      if (length < headerEnd) {
        assertThrows(BadInputException.class, () -> Images.header(cut), length + " bytes");
      } else if (length >= pixels) {
        assertEquals(new Images.Header(9, 7, 1, 1, false), Images.header(cut), length + " bytes");
      }
    }
  }

  private Path png(BufferedImage image) throws IOException {
    Path file = folder.resolve("image.png");
    Images.writePng(image, file);
    return file;
  }

  @Test
  void everyColourModelBecomesRgb() throws IOException {
    BufferedImage gray = new BufferedImage(256, 1, BufferedImage.TYPE_BYTE_GRAY);
    BufferedImage gray16 = new BufferedImage(256, 1, BufferedImage.TYPE_USHORT_GRAY);
    BufferedImage color = new BufferedImage(256, 1, BufferedImage.TYPE_3BYTE_BGR);
    BufferedImage alpha = new BufferedImage(256, 1, BufferedImage.TYPE_INT_ARGB);
    byte[] ramp = new byte[256];
    for (int i = 0; i < 256; i++) {
      ramp[i] = (byte) i;
    }
    BufferedImage palette =
        new BufferedImage(
            256, 1, BufferedImage.TYPE_BYTE_INDEXED, new IndexColorModel(8, 256, ramp, ramp, ramp));
    for (int i = 0; i < 256; i++) {
      gray.getRaster().setSample(i, 0, 0, i);
      gray16.getRaster().setSample(i, 0, 0, i << 8);
      color.setRGB(i, 0, i << 16 | i << 8 | i);
      alpha.setRGB(i, 0, 255 << 24 | i << 16 | i << 8 | i);
      palette.getRaster().setSample(i, 0, 0, i);
    }
    for (BufferedImage image : new BufferedImage[] {gray, gray16, color, alpha, palette}) {
      BufferedImage read = Images.read(png(image));
      assertEquals(BufferedImage.TYPE_INT_RGB, read.getType());
      for (int i = 0; i < 256; i++) {
        assertEquals(i << 16 | i << 8 | i, read.getRGB(i, 0) & 0xFFFFFF, image.toString());
      }
    }
  }

  @Test
  void transparentPartsLieOnBlack() throws IOException {
    ComponentColorModel model =
        new ComponentColorModel(
            ColorSpace.getInstance(ColorSpace.CS_GRAY), true, false, 3, DataBuffer.TYPE_BYTE);
    WritableRaster raster = model.createCompatibleWritableRaster(2, 1);
    raster.setPixels(0, 0, 2, 1, new int[] {100, 255, 100, 0});
    BufferedImage read = Images.read(png(new BufferedImage(model, raster, false, null)));
    assertEquals(0x646464, read.getRGB(0, 0) & 0xFFFFFF);
    assertEquals(0, read.getRGB(1, 0) & 0xFFFFFF);
  }

  @Test
  void unusableFilesAreRefusedWithWhatToDo() throws IOException {
    Path missing = folder.resolve("missing.png");
    assertTrue(refusal(missing).contains("check the path"));
    assertTrue(refusal(folder).contains("check the path"));
    Path text = Files.writeString(folder.resolve("text.jpg"), "not an image");
    assertTrue(refusal(text).contains("convert it to PNG or JPEG"));
    assertTrue(
        refusal(Files.createFile(folder.resolve("empty.jpg"))).contains("convert it to PNG"));
  }

  private static String refusal(Path image) {
    String message = assertThrows(BadInputException.class, () -> Images.read(image)).getMessage();
    assertTrue(message.contains(image.toString()), message);
    return message;
  }

  @Test
  void printersColoursBecomeRgb() throws IOException {
    // As Adobe writes them: 255 is no ink.
    assertPrinted(new int[] {255, 255, 255, 255}, 0xFFFFFF);
    assertPrinted(new int[] {255, 255, 255, 0}, 0x000000);
    assertPrinted(new int[] {0, 255, 255, 255}, 0x00FFFF);
    assertPrinted(new int[] {255, 0, 255, 255}, 0xFF00FF);
  }

  private void assertPrinted(int[] ink, int expected) throws IOException {
    WritableRaster cmyk = Raster.createInterleavedRaster(DataBuffer.TYPE_BYTE, 8, 8, 4, null);
    for (int i = 0; i < 64; i++) {
      cmyk.setPixel(i % 8, i / 8, ink);
    }
    ByteArrayOutputStream plain = new ByteArrayOutputStream();
    ImageWriter writer = ImageIO.getImageWritersByFormatName("jpeg").next();
    try (ImageOutputStream output = new MemoryCacheImageOutputStream(plain)) {
      writer.setOutput(output);
      writer.write(new IIOImage(cmyk, null, null));
    } finally {
      writer.dispose();
    }
    // What makes four components cyan, magenta, yellow and black is Adobe's marker.
    ByteArrayOutputStream marked = new ByteArrayOutputStream();
    marked.write(plain.toByteArray(), 0, 2);
    marked.writeBytes(HexFormat.of().parseHex("ffee000e" + "41646f6265" + "00640000000000"));
    marked.write(plain.toByteArray(), 2, plain.size() - 2);
    Path file = Files.write(folder.resolve("cmyk.jpg"), marked.toByteArray());
    int found = Images.read(file).getRGB(4, 4);
    for (int shift = 0; shift < 24; shift += 8) {
      assertEquals(
          (expected >> shift) & 255, (found >> shift) & 255, 3, Integer.toHexString(found));
    }
  }

  @Test
  void truncatedFilesAreRefused() throws IOException {
    BufferedImage noise = noise(120, 90, 1);
    for (String format : new String[] {"png", "jpg"}) {
      Path file = folder.resolve("noise." + format);
      ImageIO.write(noise, format, file.toFile());
      byte[] whole = Files.readAllBytes(file);
      for (int length = 0; length < whole.length * 9 / 10; length += 97) {
        Files.write(file, Arrays.copyOf(whole, length));
        refusal(file);
      }
    }
  }

  private static BufferedImage noise(int width, int height, long seed) {
    BufferedImage image = new BufferedImage(width, height, BufferedImage.TYPE_INT_RGB);
    Random random = new Random(seed);
    for (int y = 0; y < height; y++) {
      for (int x = 0; x < width; x++) {
        image.setRGB(x, y, random.nextInt(1 << 24));
      }
    }
    return image;
  }

  @Test
  void planesAreResizedAndPaddedLikeTheOracle() {
    long seed = TestSeed.next();
    Random random = new Random(seed);
    for (int trial = 0; trial < 20; trial++) {
      int patch = 1 + random.nextInt(9);
      BufferedImage image = noise(1 + random.nextInt(30), 1 + random.nextInt(30), seed + trial);
      Optional<ImageGeometry.Size> resize =
          random.nextBoolean()
              ? Optional.empty()
              : Optional.of(new ImageGeometry.Size(1 + random.nextInt(40), 1 + random.nextInt(40)));
      ImageGeometry geometry = new ImageGeometry(resize, patch);
      ImageGeometry.Size content = geometry.content(image.getWidth(), image.getHeight());
      try (Tensor pixels = geometry.pixels(image);
          Tensor colors = geometry.patchColors(pixels)) {
        int height = (int) pixels.size(1);
        int width = (int) pixels.size(2);
        assertEquals(0, width % patch + height % patch);
        for (int c = 0; c < 3; c++) {
          for (int y = 0; y < height; y++) {
            for (int x = 0; x < width; x++) {
              double expected =
                  x < content.width() && y < content.height()
                      ? sample(channel(image, c), content.width(), content.height(), x, y) / 255
                      : 0;
              assertEquals(
                  expected, pixels.get(((long) c * height + y) * width + x), 1e-5, "seed " + seed);
            }
          }
          double[][] plane = plane(pixels, c);
          for (int i = 0; i < colors.size(0); i++) {
            int columns = width / patch;
            assertEquals(
                sample(plane, columns, height / patch, i % columns, i / columns),
                colors.get(i * 3L + c),
                1e-5,
                "seed " + seed);
          }
        }
      }
    }
  }

  private static double[][] channel(BufferedImage image, int c) {
    double[][] plane = new double[image.getHeight()][image.getWidth()];
    for (int y = 0; y < image.getHeight(); y++) {
      for (int x = 0; x < image.getWidth(); x++) {
        plane[y][x] = (image.getRGB(x, y) >> (16 - 8 * c)) & 255;
      }
    }
    return plane;
  }

  private static double[][] plane(Tensor pixels, int c) {
    double[][] plane = new double[(int) pixels.size(1)][(int) pixels.size(2)];
    for (int y = 0; y < plane.length; y++) {
      for (int x = 0; x < plane[0].length; x++) {
        plane[y][x] = pixels.get((c * pixels.size(1) + y) * pixels.size(2) + x);
      }
    }
    return plane;
  }

  /** Half-pixel bilinear interpolation as torch's interpolate(align_corners=False) defines it. */
  private static double sample(double[][] plane, int width, int height, int x, int y) {
    double sy = Math.max(0, (y + 0.5) * plane.length / height - 0.5);
    double sx = Math.max(0, (x + 0.5) * plane[0].length / width - 0.5);
    int y0 = (int) sy;
    int x0 = (int) sx;
    int y1 = Math.min(y0 + 1, plane.length - 1);
    int x1 = Math.min(x0 + 1, plane[0].length - 1);
    double fy = sy - y0;
    double fx = sx - x0;
    return (1 - fy) * ((1 - fx) * plane[y0][x0] + fx * plane[y0][x1])
        + fy * ((1 - fx) * plane[y1][x0] + fx * plane[y1][x1]);
  }
}
