package dev.eigenseg.train.dataset;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.eigenseg.api.BadInputException;
import java.io.IOException;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** ADE20K in the challenge's folders, whole and broken. */
class Ade20kTest {
  private static final String ADE = "ADEChallengeData2016/";
  private static final String FIRST = ADE + "annotations/validation/ADE_val_00000001.png";
  private static final int WIDTH = 16;
  private static final int HEIGHT = 10;

  @TempDir private Path root;
  private TinyTree tree;

  @BeforeEach
  void twoImagesASplit() throws IOException {
    tree = new TinyTree(root);
    int[] everyLabel = new int[151];
    for (int label = 0; label < everyLabel.length; label++) {
      everyLabel[label] = label;
    }
    for (String split : new String[] {"training/ADE_train", "validation/ADE_val"}) {
      for (int number = 1; number <= 2; number++) {
        String name = "%s_%08d".formatted(split, number);
        tree.image(ADE + "images/" + name + ".jpg", WIDTH, HEIGHT);
        tree.label(ADE + "annotations/" + name + ".png", WIDTH, HEIGHT, everyLabel);
      }
    }
    tree.text(ADE + "objectInfo150.txt", "Idx");
  }

  private String refused(String split) {
    return assertThrows(BadInputException.class, () -> Datasets.open(Ade20k.NAME, root, split))
        .getMessage();
  }

  @Test
  void theSplitsHaveTheirUsualNames() throws IOException {
    Dataset val = Datasets.open(Ade20k.NAME, root, "val");
    assertEquals(2, val.samples().size());
    assertEquals("ADE_val_00000001", val.samples().getFirst().name());
    assertEquals(2000, val.publishedImages().orElseThrow());
    Dataset train = Datasets.open(Ade20k.NAME, root.resolve("ADEChallengeData2016"), "train");
    assertEquals("ADE_train_00000002", train.samples().getLast().name());
    assertEquals(20210, train.publishedImages().orElseThrow());
    assertTrue(refused("test").contains("train, val"));
  }

  @Test
  void labelsBeginAtOneAndNoughtIsVoid() throws IOException {
    Dataset val = Datasets.open(Ade20k.NAME, root, "val");
    LabelMap labels = val.labels(val.samples().getFirst(), WIDTH, HEIGHT);
    assertEquals(150, val.classes().size());
    assertEquals(val.voidIndex(), labels.at(0, 0));
    for (int label = 1; label <= 150; label++) {
      assertEquals(label - 1, labels.at(label % WIDTH, label / WIDTH));
    }
    assertEquals("wall", val.classes().name(0));
    assertEquals("field", val.classes().name(29));
    assertEquals("swimming pool", val.classes().name(109));
    assertEquals("flag", val.classes().name(149));
    assertEquals(0x787878, val.classes().classes().getFirst().rgb());
    assertEquals(0x5c00ff, val.classes().classes().getLast().rgb());
  }

  @Test
  void problemsAreListedWithTheirRemedy() throws IOException {
    tree.delete(FIRST);
    tree.text(ADE + "images/validation/ADE_val_00000003.seg", "x");
    String message = refused("val");
    for (String part :
        new String[] {
          "2 problems",
          "ADE_val_00000001.jpg has no label",
          ".seg is not",
          "ADEChallengeData2016.zip"
        }) {
      assertTrue(message.contains(part), part + " in " + message);
    }
  }

  @Test
  void labelsOfTheFullDatasetAreRefused() throws IOException {
    tree.image(FIRST, WIDTH, HEIGHT);
    Dataset val = Datasets.open(Ade20k.NAME, root, "val");
    Sample first = val.samples().getFirst();
    assertThrows(BadInputException.class, () -> val.labels(first, WIDTH, HEIGHT));
    tree.label(FIRST, WIDTH, HEIGHT, 1, 300);
    String message =
        assertThrows(BadInputException.class, () -> val.labels(first, WIDTH, HEIGHT)).getMessage();
    assertTrue(message.contains("holds 300 at (1, 0)"), message);
  }
}
