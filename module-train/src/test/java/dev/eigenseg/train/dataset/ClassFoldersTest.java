package dev.eigenseg.train.dataset;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.eigenseg.api.BadInputException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** ImageNet's folders, from which only images can be had. */
class ClassFoldersTest {
  private static final String TENCH = "n01440764/n01440764_10026.JPEG";
  private static final String GOLDFISH = "n01443537/n01443537_10007.JPEG";

  @TempDir private Path root;

  private void image(String path) throws IOException {
    TinyTree tree = new TinyTree(root);
    tree.image("jpeg.jpg", 2, 2);
    Files.createDirectories(root.resolve(path).getParent());
    Files.move(root.resolve("jpeg.jpg"), root.resolve(path));
  }

  @BeforeEach
  void twoClasses() throws IOException {
    image("train/" + GOLDFISH);
    image("train/" + TENCH);
  }

  private String refused() {
    return assertThrows(
            BadInputException.class, () -> Datasets.openImages(ClassFolders.NAME, root, "train"))
        .getMessage();
  }

  @Test
  void imagesComeClassByClass() throws IOException {
    ImageCollection train = Datasets.openImages(ClassFolders.NAME, root, "train");
    assertEquals(
        List.of(root.resolve("train").resolve(TENCH), root.resolve("train").resolve(GOLDFISH)),
        train.images());
    assertEquals("imagenet", train.name());
    assertEquals("train", train.split());
  }

  @Test
  void imageNetsOwnFoldersAreFound() throws IOException {
    image("ILSVRC/Data/CLS-LOC/val/" + TENCH);
    assertEquals(1, Datasets.openImages(ClassFolders.NAME, root, "val").images().size());
  }

  @Test
  void oddFilesAndEmptyFoldersAreListed() throws IOException {
    Files.writeString(root.resolve("train/synsets.txt"), "x");
    Files.writeString(root.resolve("train/n01440764/n01440764_1.tar"), "x");
    Files.createDirectories(root.resolve("train/n01484850"));
    String message = refused();
    for (String part :
        new String[] {
          "3 problems",
          "synsets.txt is not a folder",
          "n01440764_1.tar is not",
          "n01484850 holds no"
        }) {
      assertTrue(message.contains(part), part + " in " + message);
    }
  }

  @Test
  void aMissingSplitIsNamed() {
    BadInputException e =
        assertThrows(
            BadInputException.class, () -> Datasets.openImages(ClassFolders.NAME, root, "val"));
    assertTrue(e.getMessage().contains("the folder val is missing"), e.getMessage());
  }

  @Test
  void thereIsNothingToCompareWith() {
    assertFalse(Datasets.names().contains(ClassFolders.NAME));
    BadInputException e =
        assertThrows(
            BadInputException.class, () -> Datasets.open(ClassFolders.NAME, root, "train"));
    assertTrue(e.getMessage().contains("camvid"), e.getMessage());
  }

  @Test
  void datasetsWithLabelsGiveTheirImagesToo() throws IOException {
    TinyTree tree = new TinyTree(root.resolve("coco"));
    tree.image("images/val2017/1.jpg", 2, 2);
    tree.label("annotations/val2017/1.png", 2, 2);
    Path coco = root.resolve("coco");
    assertEquals(
        List.of(coco.resolve("images/val2017/1.jpg")),
        Datasets.openImages(CocoStuff.NAME, coco, "val2017").images());
  }
}
