package dev.eigenseg.train;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.eigenseg.api.BadInputException;
import dev.eigenseg.api.ImageGeometry;
import dev.eigenseg.api.ImageGeometry.Size;
import dev.eigenseg.api.internal.kernel.ImagePixels.Crop;
import dev.eigenseg.api.tensor.Tensor;
import java.awt.Color;
import java.awt.image.BufferedImage;
import java.util.HashSet;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Test;

class AugmentationTest {
  private static final ImageGeometry GEOMETRY = new ImageGeometry(Optional.empty(), 8);
  private static final Augmentation NOTHING =
      Augmentation.DEFAULT.withScale(1, 1).withFlip(false).withColors(0);

  private static BufferedImage picture(int width, int height, long seed) {
    Random random = new Random(seed);
    BufferedImage image = new BufferedImage(width, height, BufferedImage.TYPE_INT_RGB);
    for (int y = 0; y < height; y++) {
      for (int x = 0; x < width; x++) {
        image.setRGB(x, y, random.nextInt(1 << 24));
      }
    }
    return image;
  }

  private static AugmentedView view(Augmentation augmentation, int width, int height, int round) {
    return augmentation.view(GEOMETRY, width, height, 3, "a.png", round);
  }

  private static float[] pixels(AugmentedView view, BufferedImage image) {
    try (Tensor pixels = view.pixels(image)) {
      assertArrayEquals(
          new long[] {3, view.gridRows() * 8L, view.gridColumns() * 8L}, pixels.shape());
      return pixels.toFloats();
    }
  }

  @Test
  void anAugmentationThatChangesNothingGivesTheImage() {
    BufferedImage image = picture(29, 18, 1);
    for (ImageGeometry geometry :
        new ImageGeometry[] {GEOMETRY, new ImageGeometry(Optional.of(new Size(20, 31)), 8)}) {
      AugmentedView view = NOTHING.view(geometry, 29, 18, 0, "a.png", 5);
      try (Tensor expected = geometry.pixels(image);
          Tensor found = view.pixels(image)) {
        assertArrayEquals(expected.shape(), found.shape());
        assertArrayEquals(expected.toFloats(), found.toFloats());
      }
    }
  }

  @Test
  void mirroringTwiceGivesTheImage() {
    BufferedImage image = picture(24, 16, 2);
    BufferedImage mirrored = new BufferedImage(24, 16, BufferedImage.TYPE_INT_RGB);
    for (int y = 0; y < 16; y++) {
      for (int x = 0; x < 24; x++) {
        mirrored.setRGB(23 - x, y, image.getRGB(x, y));
      }
    }
    int flips = 0;
    for (int round = 0; round < 40; round++) {
      AugmentedView view = view(NOTHING.withFlip(true), 24, 16, round);
      if (view.crop().mirrored()) {
        flips++;
        assertArrayEquals(pixels(view(NOTHING, 24, 16, round), image), pixels(view, mirrored));
      }
    }
    assertTrue(flips > 10 && flips < 30, flips + " of 40");
  }

  @Test
  void aViewDependsOnSeedPathAndRoundAlone() {
    BufferedImage image = picture(40, 30, 3);
    Augmentation augmentation = Augmentation.DEFAULT.withCrop(new Size(24, 24));
    float[] first = pixels(view(augmentation, 40, 30, 7), image);
    assertArrayEquals(first, pixels(view(augmentation, 40, 30, 7), image));
    Set<String> others = new HashSet<>();
    others.add(augmentation.view(GEOMETRY, 40, 30, 3, "a.png", 8).crop().toString());
    others.add(augmentation.view(GEOMETRY, 40, 30, 3, "b.png", 7).crop().toString());
    others.add(augmentation.view(GEOMETRY, 40, 30, 4, "a.png", 7).crop().toString());
    others.add(augmentation.view(GEOMETRY, 40, 30, 3, "a.png", 7).crop().toString());
    assertEquals(4, others.size());
  }

  @Test
  void cropsLieInsideTheResizedImage() {
    long seed = TestSeed.next();
    Random random = new Random(seed);
    for (int i = 0; i < 2000; i++) {
      int width = 1 + random.nextInt(200);
      int height = 1 + random.nextInt(200);
      Size crop = new Size(1 + random.nextInt(150), 1 + random.nextInt(150));
      Crop found = view(Augmentation.DEFAULT.withCrop(crop), width, height, i).crop();
      String what = "seed %d: %d x %d, %s, %s".formatted(seed, width, height, crop, found);
      assertTrue(found.left() >= 0 && found.left() + found.columns() <= found.width(), what);
      assertTrue(found.top() >= 0 && found.top() + found.rows() <= found.height(), what);
      assertEquals(Math.min(crop.width(), found.width()), found.columns(), what);
      assertEquals(Math.min(crop.height(), found.height()), found.rows(), what);
      double factor = (double) found.width() / width;
      double slack = 0.51 / width;
      assertTrue(factor >= 0.5 - slack && factor <= 2 + slack, what);
      assertEquals(factor * height, found.height(), 0.51 + slack * height, what);
    }
  }

  @Test
  void theBoxFitsImagesHoweverTheyStand() {
    Augmentation augmentation = NOTHING.withBase(new Size(2048, 512));
    assertSize(augmentation, 1024, 768, 683, 512);
    assertSize(augmentation, 768, 1024, 512, 683);
    assertSize(augmentation, 1000, 100, 2048, 205); // the longer side decides
    assertSize(NOTHING.withBase(new Size(512, 2048)), 768, 1024, 512, 683);
  }

  private static void assertSize(
      Augmentation augmentation, int width, int height, int expectedWidth, int expectedHeight) {
    Crop crop = view(augmentation, width, height, 0).crop();
    assertEquals(new Size(expectedWidth, expectedHeight), new Size(crop.width(), crop.height()));
  }

  @Test
  void colorsChangeAsInTheHsvModel() {
    long seed = TestSeed.next();
    Random random = new Random(seed);
    for (int i = 0; i < 500; i++) {
      ColorDistortion distortion = ColorDistortion.random(random, 1);
      int rgb = i == 0 ? 0 : i == 1 ? 0xFFFFFF : i == 2 ? 0x808080 : random.nextInt(1 << 24);
      float[] expected = oracle(distortion, new Color(rgb).getRGBColorComponents(null));
      try (Tensor planes = Tensor.of(new Color(rgb).getRGBColorComponents(null), 3, 1, 1)) {
        distortion.apply(planes, 1, 1);
        assertArrayEquals(
            expected,
            planes.toFloats(),
            1.2f / 255, // the oracle rounds to 8 bits twice
            "seed %d, #%06x, %s".formatted(seed, rgb, distortion));
      }
    }
  }

  private static float[] oracle(ColorDistortion by, float[] rgb) {
    float[] changed = linear(rgb, 1, by.brightness());
    if (by.contrastFirst()) {
      changed = linear(changed, by.contrast(), 0);
    }
    // RGBtoHSB takes 8 bits; so small values are magnified by contrast afterwards.
    float largest = Math.max(changed[0], Math.max(changed[1], changed[2]));
    if (largest > 0) {
      int[] bits = new int[3];
      for (int i = 0; i < 3; i++) {
        bits[i] = Math.round(changed[i] * (1 << 20));
      }
      float[] hsb = Color.RGBtoHSB(bits[0], bits[1], bits[2], null);
      int back = Color.HSBtoRGB(hsb[0] + by.hue(), Math.min(1, hsb[1] * by.saturation()), 1);
      float[] full = new Color(back).getRGBColorComponents(null);
      changed = linear(full, largest, 0);
    }
    return by.contrastFirst() ? changed : linear(changed, by.contrast(), 0);
  }

  private static float[] linear(float[] rgb, float factor, float offset) {
    float[] changed = new float[3];
    for (int i = 0; i < 3; i++) {
      changed[i] = Math.min(1, Math.max(0, rgb[i] * factor + offset));
    }
    return changed;
  }

  @Test
  void halfOfTheViewsGetEachChangeOfColorsWithinItsRange() {
    Random random = new Random(5);
    int[] happened = new int[5];
    float[] largest = new float[4];
    for (int i = 0; i < 4000; i++) {
      ColorDistortion drawn = ColorDistortion.random(random, 1);
      float[] changes = {
        drawn.brightness(), drawn.contrast() - 1, drawn.saturation() - 1, drawn.hue()
      };
      for (int change = 0; change < 4; change++) {
        happened[change] += changes[change] != 0 ? 1 : 0;
        largest[change] = Math.max(largest[change], Math.abs(changes[change]));
      }
      happened[4] += drawn.contrastFirst() ? 1 : 0;
    }
    for (int count : happened) {
      assertEquals(2000, count, 160);
    }
    assertArrayEquals(new float[] {32f / 255, 0.5f, 0.5f, 0.1f}, largest, 0.002f);
    for (int i = 0; i < 4; i++) {
      assertTrue(largest[i] <= new float[] {32f / 255, 0.5f, 0.5f, 0.1f}[i] + 1e-6f);
    }
  }

  @Test
  void paddingStaysBlack() {
    BufferedImage image = picture(9, 9, 6);
    int brighter = 0;
    for (int round = 0; round < 20; round++) {
      AugmentedView view = view(Augmentation.DEFAULT.withScale(1, 1), 9, 9, round);
      float[] pixels = pixels(view, image);
      for (int y = 0; y < 16; y++) {
        for (int x = 0; x < 16; x++) {
          if (x >= 9 || y >= 9) {
            assertEquals(0, pixels[y * 16 + x]);
          }
        }
      }
      brighter += pixels[0] != pixels(view(NOTHING, 9, 9, round), image)[0] ? 1 : 0;
    }
    assertNotEquals(0, brighter);
  }

  @Test
  void impossibleSettingsAreRefused() {
    for (double[] scale : new double[][] {{0, 1}, {2, 1}, {1, 17}, {Double.NaN, 1}}) {
      BadInputException e =
          assertThrows(
              BadInputException.class, () -> Augmentation.DEFAULT.withScale(scale[0], scale[1]));
      assertTrue(e.getMessage().startsWith("augment-scale"), e.getMessage());
    }
    assertThrows(BadInputException.class, () -> Augmentation.DEFAULT.withColors(-1));
    BadInputException e =
        assertThrows(
            BadInputException.class,
            () ->
                TrainingOptions.of(64)
                    .with(TrainingOptions.Schedule.DEFAULT.withAugmentation(Augmentation.DEFAULT)));
    assertTrue(e.getMessage().contains("--views"), e.getMessage());
  }

  @Test
  void presetsHaveThePublishedBeta() {
    assertEquals(0.08, Preset.named("pascal-context").beta(), 1e-12);
    assertEquals(0.08, Preset.named("cityscapes").beta(), 1e-12);
    assertEquals(0.04, Preset.named("ade20k").beta(), 1e-12);
    BadInputException e = assertThrows(BadInputException.class, () -> Preset.named("camvida"));
    assertTrue(e.getMessage().contains("cityscapes"), e.getMessage());
  }
}
