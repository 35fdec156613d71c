package dev.eigenseg.cli.mask;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import dev.eigenseg.api.ClassList;
import dev.eigenseg.api.ClassList.NamedClass;
import dev.eigenseg.api.Images;
import dev.eigenseg.api.Progress;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HexFormat;
import java.util.List;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Images and labels lie on each other, whether a reader heeds EXIF or not. */
class FiftyOneFolderTest {
  // A lossless WebP of 6 x 4 pixels in six colours, and EXIF's orientation 6, by Pillow.
  private static final String TURNED =
      "524946467600000057454250565038580a000000080000000500000300005650384c350000002f05c000002f2010"
          + "20a44893265b20908432faa804d936451dda518e36ff613f10266c4010409a4c2185155658e188fec7c2427d3d"
          + "00455849461a0000004d4d002a00000008000101120003000000010006000000000000";

  @TempDir Path folder;

  private Path labels(String name, int width, int height) throws IOException {
    Path file = folder.resolve(name);
    ImageIO.write(
        new BufferedImage(width, height, BufferedImage.TYPE_BYTE_GRAY), "png", file.toFile());
    return file;
  }

  @Test
  void turnedImagesAreWrittenUprightAndOthersCopied() throws IOException {
    Path turned = folder.resolve("turned.webp");
    Files.write(turned, HexFormat.of().parseHex(TURNED));
    Path plain = labels("plain.png", 5, 4);
    List<ImageMask> images =
        List.of(
            new ImageMask(turned.getFileName(), "turned", turned, labels("turned-mask.png", 4, 6)),
            new ImageMask(plain.getFileName(), "plain", plain, labels("plain-mask.png", 5, 4)));
    Path out = folder.resolve("out");
    ClassList classes = new ClassList(List.of(new NamedClass("a", 1)));
    FiftyOneFolder.write(out, images, classes, Progress.NONE);
    BufferedImage read = ImageIO.read(out.resolve("data/turned.png").toFile());
    assertEquals(4, read.getWidth());
    assertEquals(6, read.getHeight());
    int[] left = {0xC0C020, 0x20C0C0, 0xC0C0C0};
    int[] right = {0xC02020, 0x20C020, 0x2020C0};
    for (int i = 0; i < 3; i++) {
      assertEquals(left[i], read.getRGB(0, 2 * i) & 0xFFFFFF);
      assertEquals(right[i], read.getRGB(3, 2 * i + 1) & 0xFFFFFF);
    }
    assertEquals(1, Images.header(out.resolve("data/turned.png")).orientation());
    assertFalse(Files.exists(out.resolve("data/turned.webp")));
    assertArrayEquals(Files.readAllBytes(plain), Files.readAllBytes(out.resolve("data/plain.png")));
  }
}
