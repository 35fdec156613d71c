package dev.eigenseg.train.evaluation;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.eigenseg.train.dataset.LabelMap;
import dev.eigenseg.train.evaluation.CenterCrop.Sampling;
import java.awt.image.BufferedImage;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Images whose labels are a function of their colours, so that a shift of either shows. */
class CenterCropTest {
  private static LabelMap labels(BufferedImage image) {
    char[] labels = new char[image.getWidth() * image.getHeight()];
    for (int i = 0; i < labels.length; i++) {
      labels[i] = label(image.getRGB(i % image.getWidth(), i / image.getWidth()));
    }
    return LabelMap.of(image.getWidth(), image.getHeight(), labels);
  }

  private static char label(int color) {
    return (char) (color & 0xFFFF);
  }

  @ParameterizedTest
  @CsvSource({
    "500, 375",
    "375, 500",
    "2048, 1024",
    "320, 320",
    "321, 323",
    "700, 40",
    "37, 41",
    "1, 9"
  })
  void nearestPixelsKeepTheirLabels(int width, int height) {
    BufferedImage image = new BufferedImage(width, height, BufferedImage.TYPE_INT_RGB);
    Random random = new Random(width);
    for (int i = 0; i < width * height; i++) {
      image.setRGB(i % width, i / width, random.nextInt(1 << 24));
    }
    CenterCrop crop = new CenterCrop(320, Sampling.NEAREST);
    BufferedImage square = crop.image(image);
    LabelMap labels = crop.labels(labels(image));
    for (int y = 0; y < 320; y++) {
      for (int x = 0; x < 320; x++) {
        assertEquals(label(square.getRGB(x, y)), labels.at(x, y), x + ", " + y);
      }
    }
  }

  @ParameterizedTest
  @CsvSource({"500, 375", "375, 500", "1024, 512", "320, 320", "321, 323", "200, 40", "37, 41"})
  void bilinearColoursLieWhereTheirLabelsDo(int width, int height) {
    // Red grows to the right and green downwards; labels hold the column, then the row.
    for (boolean across : new boolean[] {true, false}) {
      int length = across ? width : height;
      BufferedImage image = new BufferedImage(width, height, BufferedImage.TYPE_INT_RGB);
      char[] positions = new char[width * height];
      for (int i = 0; i < positions.length; i++) {
        positions[i] = (char) (across ? i % width : i / width);
        image.setRGB(i % width, i / width, (positions[i] * 255 / (length - 1)) << 16);
      }
      CenterCrop crop = new CenterCrop(320, Sampling.BILINEAR);
      BufferedImage square = crop.image(image);
      LabelMap labels = crop.labels(LabelMap.of(width, height, positions));
      double pixel = 255.0 / (length - 1);
      for (int y = 0; y < 320; y++) {
        for (int x = 0; x < 320; x++) {
          int red = square.getRGB(x, y) >> 16 & 0xFF;
          // At most one pixel of the original, and what three roundings to whole colours add.
          assertEquals(labels.at(x, y) * pixel, red, pixel + 2, x + ", " + y);
        }
      }
    }
  }

  @Test
  void squareIsInTheMiddleAndRoundsAsPublished() {
    // 501 x 375: 320 * 501 / 375 = 427.52 becomes 427; (427 - 320) / 2 = 53.5 becomes 54.
    assertEquals(new ResizedAxis(501, 427, 54), ResizedAxis.centred(501, 375, 320));
    // 323 x 320: 3 pixels too many, 1.5 becomes 2; 321 x 320: 0.5 becomes 0.
    assertEquals(new ResizedAxis(323, 323, 2), ResizedAxis.centred(323, 320, 320));
    assertEquals(new ResizedAxis(321, 321, 0), ResizedAxis.centred(321, 320, 320));
    assertEquals(new ResizedAxis(320, 320, 0), ResizedAxis.centred(320, 320, 320));
  }

  @Test
  void shrinkingBilinearlyLeavesNoPixelOut() {
    // Every second column is white: the mean everywhere, where two taps would see stripes.
    BufferedImage stripes = new BufferedImage(80, 80, BufferedImage.TYPE_INT_RGB);
    for (int i = 0; i < 80 * 80; i++) {
      stripes.setRGB(i % 80, i / 80, i % 2 == 0 ? 0xFFFFFF : 0);
    }
    BufferedImage small = new CenterCrop(10, Sampling.BILINEAR).image(stripes);
    for (int x = 1; x < 9; x++) {
      assertEquals(127.5, small.getRGB(x, 5) & 0xFF, 4);
    }
    assertTrue(
        (new CenterCrop(10, Sampling.NEAREST).image(stripes).getRGB(5, 5) & 0xFF) % 255 == 0);
  }

  @Test
  void aSquareHasASide() {
    assertThrows(IllegalArgumentException.class, () -> new CenterCrop(0, Sampling.NEAREST));
  }
}
