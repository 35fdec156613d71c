package dev.eigenseg.cli.mask;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.eigenseg.api.BadInputException;
import dev.eigenseg.api.ClassList;
import dev.eigenseg.api.ClassList.NamedClass;
import dev.eigenseg.api.Progress;
import dev.eigenseg.train.dataset.Dataset;
import dev.eigenseg.train.dataset.Datasets;
import dev.eigenseg.train.dataset.LabelMap;
import java.awt.image.BufferedImage;
import java.awt.image.IndexColorModel;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.IntStream;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Label maps as Pascal VOC and Cityscapes have them. */
class LabelFoldersTest {
  private static final int NONE = 9;
  // Two classes of one colour, and a black one.
  private static final ClassList CLASSES =
      classes(new NamedClass("a b", 0xFF0000), new NamedClass("c: d", 0xFF0000), named("e"));

  @TempDir Path folder;

  private static ClassList classes(NamedClass... classes) {
    return new ClassList(List.of(classes));
  }

  private static NamedClass named(String name) {
    return new NamedClass(name, 0);
  }

  /** An image of 4 x 1 pixels whose labels are 0, 1, 2 and none. */
  private ImageMask image(String name) throws IOException {
    Path image = folder.resolve("photos").resolve(name);
    Path labels = folder.resolve("masks").resolve(name);
    Files.createDirectories(image.getParent());
    Files.createDirectories(labels.getParent());
    ImageIO.write(new BufferedImage(4, 1, BufferedImage.TYPE_INT_RGB), "png", image.toFile());
    BufferedImage map = new BufferedImage(4, 1, BufferedImage.TYPE_BYTE_GRAY);
    int[] values = {0, 1, 2, NONE};
    map.getRaster().setPixels(0, 0, 4, 1, values);
    ImageIO.write(map, "png", labels.toFile());
    String stem = name.substring(0, name.lastIndexOf('.'));
    return new ImageMask(Path.of(name), stem, image, labels);
  }

  private static int[] values(Path file) {
    LabelMap map = LabelMap.read(file);
    return IntStream.range(0, map.width()).map(x -> map.at(x, 0)).toArray();
  }

  @Test
  void everyClassHasAColourOfItsOwn() {
    int[] colors = ClassColors.of(CLASSES);
    assertEquals(0, colors[0]);
    assertEquals(0xFF0000, colors[1]);
    assertEquals(0x008000, colors[2], "VOC's second");
    assertEquals(0x808000, colors[3], "VOC's third");
    NamedClass[] black = new NamedClass[255];
    Arrays.fill(black, named("x"));
    Set<Integer> distinct = new HashSet<>();
    Arrays.stream(ClassColors.of(classes(black))).forEach(distinct::add);
    assertEquals(256, distinct.size());
  }

  @Test
  void vocIsAPaletteWithItsNames() throws IOException {
    VocFolder.write(
        folder.resolve("voc"),
        List.of(image("x y.png"), image("sub/z.png")),
        CLASSES,
        Progress.NONE);
    Path map = folder.resolve("voc/SegmentationClass/x y.png");
    assertEquals(List.of(1, 2, 3, 0), Arrays.stream(values(map)).boxed().toList());
    IndexColorModel palette = (IndexColorModel) ImageIO.read(map.toFile()).getColorModel();
    assertEquals(0xFF008000, palette.getRGB(2));
    assertEquals(
        List.of(
            "# label:color_rgb:parts:actions",
            "background:0,0,0::",
            "a b:255,0,0::",
            "c d:0,128,0::",
            "e:128,128,0::"),
        Files.readAllLines(folder.resolve("voc/labelmap.txt")));
    assertEquals(
        List.of("x y", "sub/z"),
        Files.readAllLines(folder.resolve("voc/ImageSets/Segmentation/default.txt")));
    assertTrue(Files.exists(folder.resolve("voc/JPEGImages/sub/z.png")));
  }

  /** Datumaro refuses a name that comes twice, and passes over lines that begin with a hash. */
  @Test
  void namesOfLabelsAreDistinct() {
    Set<String> taken = new HashSet<>();
    assertEquals("background", DistinctNames.take("background", taken));
    assertEquals("background-2", DistinctNames.take("background", taken));
    assertEquals("background-3", DistinctNames.take("background", taken));
    assertEquals("background-2-2", DistinctNames.take("background-2", taken));
    assertEquals("unnamed", DistinctNames.take("", taken));
  }

  @Test
  void otherClassesThanCityscapesAreNumberedFromOne() throws IOException {
    Path out = folder.resolve("cityscapes");
    CityscapesFolder.write(
        out, List.of(image("x.png"), image("sub/x.png")), CLASSES, Progress.NONE);
    Path maps = out.resolve("gtFine/train");
    for (String kind : List.of("labelIds", "instanceIds")) {
      for (String city : List.of("images", "sub")) {
        Path file = maps.resolve(city).resolve("x_gtFine_" + kind + ".png");
        assertEquals(List.of(1, 2, 3, 0), Arrays.stream(values(file)).boxed().toList());
      }
    }
    BufferedImage color = ImageIO.read(maps.resolve("sub/x_gtFine_color.png").toFile());
    assertEquals(0xFF008000, color.getRGB(1, 0));
    assertEquals(0xFF000000, color.getRGB(3, 0));
    assertEquals(
        List.of("0 0 0 unlabeled", "255 0 0 a_b", "0 128 0 c:_d", "128 128 0 e"),
        Files.readAllLines(out.resolve("label_colors.txt")));
  }

  @Test
  void cityscapesOwnClassesHaveItsNumbersAndAreReadByName() throws IOException {
    Path out = folder.resolve("cityscapes");
    ClassList classes =
        classes(
            new NamedClass("polegroup", 0x999999),
            new NamedClass("pole", 0x999999),
            new NamedClass("road", 0x804080));
    CityscapesFolder.write(out, List.of(image("aachen/x.png")), classes, Progress.NONE);
    assertFalse(Files.exists(out.resolve("label_colors.txt")));
    Path start = out.resolve("gtFine/train/aachen");
    assertEquals(
        List.of(18, 17, 7, 0),
        Arrays.stream(values(start.resolve("x_gtFine_labelIds.png"))).boxed().toList());
    BufferedImage color = ImageIO.read(start.resolve("x_gtFine_color.png").toFile());
    assertEquals(color.getRGB(0, 0), color.getRGB(1, 0));
    Dataset read = Datasets.open("cityscapes-27", out, "train");
    LabelMap labels = read.labels(read.samples().getFirst(), 4, 1);
    assertEquals("polegroup", read.classes().name(labels.at(0, 0)));
    assertEquals("pole", read.classes().name(labels.at(1, 0)));
    assertEquals("road", read.classes().name(labels.at(2, 0)));
    assertEquals(read.voidIndex(), labels.at(3, 0));
  }

  @Test
  void twoImagesOfOneNameAreRefused() throws IOException {
    List<ImageMask> images = List.of(image("x.png"), image("images/x.png"));
    Path out = folder.resolve("cityscapes");
    String message =
        assertThrows(
                BadInputException.class,
                () -> CityscapesFolder.write(out, images, CLASSES, Progress.NONE))
            .getMessage();
    assertTrue(message.contains("'x'") && message.contains("'images'"), message);
  }
}
