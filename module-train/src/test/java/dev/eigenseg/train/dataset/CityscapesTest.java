package dev.eigenseg.train.dataset;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.eigenseg.api.BadInputException;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Cityscapes in its layout of nested cities, with its own ids, whole and broken. */
class CityscapesTest {
  private static final String FRANKFURT = "frankfurt/frankfurt_000000_000294";
  private static final String LINDAU = "lindau/lindau_000000_000019";
  private static final int WIDTH = 8;
  private static final int HEIGHT = 5;

  @TempDir private Path root;
  private TinyTree tree;

  @BeforeEach
  void twoCities() throws IOException {
    tree = new TinyTree(root);
    int[] everyId = new int[34];
    for (int id = 0; id < everyId.length; id++) {
      everyId[id] = id;
    }
    for (String frame : new String[] {LINDAU, FRANKFURT}) {
      tree.image(image(frame), WIDTH, HEIGHT);
      tree.label(label(frame), WIDTH, HEIGHT, everyId);
      String truth = "gtFine/val/" + frame + "_gtFine_";
      tree.label(truth + "labelTrainIds.png", WIDTH, HEIGHT);
      tree.label(truth + "instanceIds.png", WIDTH, HEIGHT, 26_001);
      tree.image(truth + "color.png", WIDTH, HEIGHT);
      tree.text(truth + "polygons.json", "{}");
    }
  }

  private static String image(String frame) {
    return "leftImg8bit/val/" + frame + "_leftImg8bit.png";
  }

  private static String label(String frame) {
    return "gtFine/val/" + frame + "_gtFine_labelIds.png";
  }

  private String refused(String name, String split) {
    return assertThrows(BadInputException.class, () -> Datasets.open(name, root, split))
        .getMessage();
  }

  private int classOf(Dataset dataset, int id) {
    LabelMap labels = dataset.labels(dataset.samples().getFirst(), WIDTH, HEIGHT);
    return labels.at(id % WIDTH, id / WIDTH);
  }

  @Test
  void pairsTheFramesOfAllCities() throws IOException {
    Dataset dataset = Datasets.open(Cityscapes.NAME_19, root, "val");
    assertEquals(
        List.of("frankfurt_000000_000294", "lindau_000000_000019"),
        dataset.samples().stream().map(Sample::name).toList());
    assertEquals(root.resolve(image(FRANKFURT)), dataset.samples().getFirst().image());
    assertEquals(root.resolve(label(FRANKFURT)), dataset.samples().getFirst().label());
    assertEquals("cityscapes-19", dataset.name());
    assertEquals("val", dataset.split());
    assertEquals(500, dataset.publishedImages().orElseThrow());
  }

  @Test
  void nineteenClassesHaveTheirTrainIds() throws IOException {
    Dataset dataset = Datasets.open(Cityscapes.NAME_19, root, "val");
    int[] ids = {7, 8, 11, 12, 13, 17, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 31, 32, 33};
    assertEquals(ids.length, dataset.classes().size());
    int next = 0;
    for (int id = 0; id < 34; id++) {
      boolean judged = next < ids.length && ids[next] == id;
      assertEquals(judged ? next++ : dataset.voidIndex(), classOf(dataset, id), "id " + id);
    }
    assertEquals("road", dataset.classes().name(0));
    assertEquals("bicycle", dataset.classes().name(18));
    assertEquals(0x804080, dataset.classes().classes().getFirst().rgb());
  }

  @Test
  void twentySevenClassesAreTheIdsFromSeven() throws IOException {
    Dataset dataset = Datasets.open(Cityscapes.NAME_27, root, "val");
    assertEquals(27, dataset.classes().size());
    for (int id = 0; id < 34; id++) {
      assertEquals(id < 7 ? dataset.voidIndex() : id - 7, classOf(dataset, id), "id " + id);
    }
    assertEquals("parking", dataset.classes().name(2));
    assertEquals("trailer", dataset.classes().name(23));
  }

  @Test
  void everythingThatIsMissingOrOddIsListedAtOnce() throws IOException {
    tree.delete(label(FRANKFURT));
    tree.delete(image(LINDAU));
    tree.image("leftImg8bit/val/munster/munster_000000_000019_leftImg8bit.png", 2, 2);
    tree.image("leftImg8bit/val/lindau/photo.png", 2, 2);
    tree.text("leftImg8bit/val/license.txt", "x");
    String message = refused(Cityscapes.NAME_27, "val");
    for (String part :
        new String[] {
          "5 problems",
          "frankfurt_000000_000294_leftImg8bit.png has no label, expected " + label(FRANKFURT),
          "lindau_000000_000019_gtFine_labelIds.png has no image",
          "the folder gtFine/val/munster is missing",
          "photo.png is not a file that ends in _leftImg8bit.png",
          "license.txt is not a folder",
          "gtFine_trainvaltest.zip"
        }) {
      assertTrue(message.contains(part), part + " in " + message);
    }
    assertFalse(message.contains("polygons"), message);
  }

  @Test
  void anEmptyFolderSaysWhatBelongsThere() {
    String message = refused(Cityscapes.NAME_19, "train");
    assertTrue(message.contains("leftImg8bit/train is missing"), message);
    assertTrue(message.contains("gtFine/train is missing"), message);
  }

  @Test
  void theTestSplitHasNoLabels() {
    String message = refused(Cityscapes.NAME_19, "test");
    assertTrue(message.contains("'test'") && message.contains("train, val"), message);
  }

  @Test
  void unknownIdsNameTheirPlace() throws IOException {
    tree.label(label(FRANKFURT), WIDTH, HEIGHT, 7, 7, 34);
    Dataset dataset = Datasets.open(Cityscapes.NAME_27, root, "val");
    String message = assertThrows(BadInputException.class, () -> classOf(dataset, 0)).getMessage();
    assertTrue(message.contains("holds 34 at (2, 0)"), message);
  }
}
