package dev.eigenseg.train.dataset;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.eigenseg.api.BadInputException;
import dev.eigenseg.train.TestSeed;
import java.awt.image.BufferedImage;
import java.awt.image.IndexColorModel;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Random;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Label maps come back from every kind of PNG as the very indices that are in it. */
class LabelMapTest {
  @TempDir private Path folder;

  private Path png(BufferedImage image) throws IOException {
    Path file = folder.resolve("labels.png");
    ImageIO.write(image, "png", file.toFile());
    return file;
  }

  private static void fill(BufferedImage image, char[] labels) {
    for (int i = 0; i < labels.length; i++) {
      image.getRaster().setSample(i % image.getWidth(), i / image.getWidth(), 0, labels[i]);
    }
  }

  private static char[] random(int size, int bound) {
    Random random = TestSeed.random();
    char[] labels = new char[size];
    for (int i = 0; i < size; i++) {
      labels[i] = (char) random.nextInt(bound);
    }
    return labels;
  }

  private static void assertLabels(char[] expected, LabelMap found) {
    for (int i = 0; i < expected.length; i++) {
      assertEquals(expected[i], found.at(i % found.width(), i / found.width()));
    }
  }

  @Test
  void greyOfEightAndSixteenBits() throws IOException {
    for (int bound : new int[] {2, 256, 65536}) {
      char[] labels = random(13 * 7, bound);
      labels[5] = (char) (bound - 1);
      BufferedImage image = LabelMap.of(13, 7, labels).toImage();
      assertEquals(
          bound > 256 ? BufferedImage.TYPE_USHORT_GRAY : BufferedImage.TYPE_BYTE_GRAY,
          image.getType());
      LabelMap read = LabelMap.read(png(image));
      assertEquals(13, read.width());
      assertEquals(7, read.height());
      assertLabels(labels, read);
    }
  }

  @Test
  void palettesOfEveryDepth() throws IOException {
    for (int bits : new int[] {1, 2, 4, 8}) {
      int size = 1 << bits;
      byte[] channel = new byte[size];
      // All colours equal: only the indices tell the labels apart.
      Arrays.fill(channel, (byte) 90);
      BufferedImage image =
          new BufferedImage(
              9,
              5,
              bits < 8 ? BufferedImage.TYPE_BYTE_BINARY : BufferedImage.TYPE_BYTE_INDEXED,
              new IndexColorModel(bits, size, channel, channel, channel));
      char[] labels = random(45, size);
      fill(image, labels);
      assertLabels(labels, LabelMap.read(png(image)));
    }
  }

  @Test
  void coloursAreRefused() throws IOException {
    Path file = png(new BufferedImage(4, 4, BufferedImage.TYPE_INT_RGB));
    BadInputException e = assertThrows(BadInputException.class, () -> LabelMap.read(file));
    assertTrue(e.getMessage().contains("3 channels"), e.getMessage());
  }

  @Test
  void jpegIsRefusedUnderAnyName() throws IOException {
    new TinyTree(folder).lossyLabel("label.png", 8, 8);
    Path file = folder.resolve("label.png");
    BadInputException e = assertThrows(BadInputException.class, () -> LabelMap.read(file));
    assertTrue(e.getMessage().contains("stored lossily"), e.getMessage());
  }

  @Test
  void truncatedFilesAreRefusedOrStillWhole() throws IOException {
    char[] labels = random(81, 12);
    byte[] whole = Files.readAllBytes(png(LabelMap.of(9, 9, labels).toImage()));
    Path cut = folder.resolve("cut.png");
    int refused = 0;
    for (int length = 0; length < whole.length; length++) {
      Files.write(cut, Arrays.copyOf(whole, length));
      try {
        // Without the checksums at the end every pixel may still be there; none may be another.
        assertLabels(labels, LabelMap.read(cut));
      } catch (BadInputException e) {
        refused++;
      }
    }
    assertTrue(refused > whole.length / 2, refused + " of " + whole.length);
  }
}
