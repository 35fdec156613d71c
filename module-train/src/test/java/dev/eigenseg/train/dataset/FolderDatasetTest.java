package dev.eigenseg.train.dataset;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.eigenseg.api.BadInputException;
import dev.eigenseg.api.ClassFiles;
import dev.eigenseg.api.ClassList;
import dev.eigenseg.api.ClassList.NamedClass;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Folders of images and labels, whole and broken. */
class FolderDatasetTest {
  @TempDir private Path root;

  @BeforeEach
  void classes() throws IOException {
    ClassList classes = new ClassList(List.of(new NamedClass("a", 1), new NamedClass("b", 2)));
    ClassFiles.write(root.resolve("classes.json"), new ClassFiles.LabelClasses(classes, 9));
  }

  private void image(String path, int width, int height) throws IOException {
    Path file = root.resolve(path);
    Files.createDirectories(file.getParent());
    ImageIO.write(
        new BufferedImage(width, height, BufferedImage.TYPE_INT_RGB), "png", file.toFile());
  }

  private void label(String path, int width, int height, int... labels) throws IOException {
    Path file = root.resolve(path);
    Files.createDirectories(file.getParent());
    char[] all = new char[width * height];
    for (int i = 0; i < labels.length; i++) {
      all[i] = (char) labels[i];
    }
    ImageIO.write(LabelMap.of(width, height, all).toImage(), "png", file.toFile());
  }

  private BadInputException refused(String split) {
    return assertThrows(
        BadInputException.class, () -> Datasets.open(FolderDataset.NAME, root, split));
  }

  @Test
  void pairsFilesOfASplitInOrder() throws IOException {
    for (String name : new String[] {"z", "a.b", "m"}) {
      image("images/val/" + name + ".png", 3, 2);
      label("labels/val/" + name + ".png", 3, 2, 0, 1, 9);
    }
    Files.writeString(root.resolve("images/val/.DS_Store"), "x");
    Dataset dataset = Datasets.open(FolderDataset.NAME, root, "val");
    assertEquals(List.of("a.b", "m", "z"), dataset.samples().stream().map(Sample::name).toList());
    assertEquals("val", dataset.split());
    assertEquals(9, dataset.voidIndex());
    assertEquals("b", dataset.classes().name(1));
    LabelMap labels = dataset.labels(dataset.samples().getFirst(), 3, 2);
    assertEquals(1, labels.at(1, 0));
    assertEquals(9, labels.at(2, 0));
    assertEquals(0, labels.at(2, 1));
  }

  @Test
  void withoutSplitFoldersAllIsOneSplit() throws IOException {
    image("images/x.png", 1, 1);
    label("labels/x.png", 1, 1);
    assertEquals(1, FolderDataset.open(root, "anything").samples().size());
  }

  @Test
  void anUnknownSplitIsAnsweredWithTheKnownOnes() throws IOException {
    image("images/train/x.png", 1, 1);
    String message = refused("val").getMessage();
    assertTrue(message.contains("'val'") && message.contains("[train]"), message);
  }

  @Test
  void everythingWrongIsListedAtOnce() throws IOException {
    image("images/val/alone.png", 1, 1);
    label("labels/val/orphan.png", 1, 1);
    image("images/val/twice.png", 1, 1);
    Files.copy(root.resolve("images/val/twice.png"), root.resolve("images/val/twice.jpg"));
    label("labels/val/twice.png", 1, 1);
    Files.writeString(root.resolve("images/val/notes.txt"), "x");
    String message = refused("val").getMessage();
    for (String part :
        new String[] {
          "4 problems",
          "alone.png has no label",
          "orphan.png has no image",
          "twice.jpg and",
          "notes.txt is not"
        }) {
      assertTrue(message.contains(part), part + " in " + message);
    }
  }

  @Test
  void manyProblemsAreCutShort() throws IOException {
    for (int i = 0; i < 25; i++) {
      image("images/val/%02d.png".formatted(i), 1, 1);
    }
    Files.createDirectories(root.resolve("labels/val"));
    String message = refused("val").getMessage();
    assertTrue(message.contains("25 problems") && message.contains("and 15 more"), message);
  }

  @Test
  void aMissingLabelFolderOrAnEmptyOneIsAnError() throws IOException {
    image("images/val/x.png", 1, 1);
    assertTrue(refused("val").getMessage().contains("labels/val is missing"));
    Files.delete(root.resolve("images/val/x.png"));
    Files.createDirectories(root.resolve("labels/val"));
    assertTrue(refused("val").getMessage().contains("no images"));
  }

  @Test
  void labelsOfAnotherSizeNameBothFiles() throws IOException {
    image("images/val/x.png", 4, 3);
    label("labels/val/x.png", 3, 4);
    Dataset dataset = FolderDataset.open(root, "val");
    Sample sample = dataset.samples().getFirst();
    String message =
        assertThrows(BadInputException.class, () -> dataset.labels(sample, 4, 3)).getMessage();
    assertTrue(message.contains("3 x 4") && message.contains("4 x 3"), message);
    assertTrue(message.contains(sample.label() + "") && message.contains(sample.image() + ""));
  }

  @Test
  void unknownIndicesNameTheirPlace() throws IOException {
    image("images/val/x.png", 2, 2);
    label("labels/val/x.png", 2, 2, 0, 1, 9, 5);
    Dataset dataset = FolderDataset.open(root, "val");
    String message =
        assertThrows(
                BadInputException.class, () -> dataset.labels(dataset.samples().getFirst(), 2, 2))
            .getMessage();
    assertTrue(message.contains("holds 5 at (1, 1)"), message);
  }

  @Test
  void unknownDatasetsAndFoldersAreNamed() {
    String message =
        assertThrows(BadInputException.class, () -> Datasets.open("ade20k", root, "val"))
            .getMessage();
    assertTrue(message.contains("camvid, folder"), message);
    Path nowhere = root.resolve("nowhere");
    assertThrows(BadInputException.class, () -> FolderDataset.open(nowhere, "val"));
  }
}
