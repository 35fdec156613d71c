package dev.eigenseg.train.dataset;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.eigenseg.api.BadInputException;
import dev.eigenseg.api.ClassFiles;
import dev.eigenseg.api.ClassList;
import dev.eigenseg.api.ClassList.NamedClass;
import dev.eigenseg.api.Progress;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.OptionalInt;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Folders of images and labels, whole and broken. */
class FolderDatasetTest {
  @TempDir private Path root;
  private TinyTree tree;

  @BeforeEach
  void classes() throws IOException {
    tree = new TinyTree(root);
    ClassList classes = new ClassList(List.of(new NamedClass("a", 1), new NamedClass("b", 2)));
    ClassFiles.write(root.resolve("classes.json"), new ClassFiles.LabelClasses(classes, 9));
  }

  private BadInputException refused(String split) {
    return assertThrows(
        BadInputException.class, () -> Datasets.open(FolderDataset.NAME, root, split));
  }

  @Test
  void pairsFilesOfASplitInOrder() throws IOException {
    for (String name : new String[] {"z", "a.b", "m"}) {
      tree.image("images/val/" + name + ".png", 3, 2);
      tree.label("labels/val/" + name + ".png", 3, 2, 0, 1, 9);
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
    tree.image("images/x.png", 1, 1);
    tree.label("labels/x.png", 1, 1);
    assertEquals(1, FolderDataset.open(root, "anything").samples().size());
  }

  @Test
  void anUnknownSplitIsAnsweredWithTheKnownOnes() throws IOException {
    tree.image("images/train/x.png", 1, 1);
    String message = refused("val").getMessage();
    assertTrue(message.contains("'val'") && message.contains("[train]"), message);
  }

  @Test
  void everythingWrongIsListedAtOnce() throws IOException {
    tree.image("images/val/alone.png", 1, 1);
    tree.label("labels/val/orphan.png", 1, 1);
    tree.image("images/val/twice.png", 1, 1);
    Files.copy(root.resolve("images/val/twice.png"), root.resolve("images/val/twice.jpg"));
    tree.label("labels/val/twice.png", 1, 1);
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
  void allOfManyProblemsAreListed() throws IOException {
    for (int i = 0; i < 25; i++) {
      tree.image("images/val/%02d.png".formatted(i), 1, 1);
    }
    Files.createDirectories(root.resolve("labels/val"));
    String message = refused("val").getMessage();
    assertTrue(message.contains("25 problems"), message);
    for (int i = 0; i < 25; i++) {
      assertTrue(message.contains("val/%02d.png has no label".formatted(i)), message);
    }
  }

  @Test
  void aMissingFolderIsOneProblem() throws IOException {
    tree.image("images/val/x.png", 1, 1);
    tree.image("images/val/y.png", 1, 1);
    String message = refused("val").getMessage();
    assertTrue(message.contains("1 problem:") && message.contains("labels/val is"), message);
  }

  @Test
  void aMissingLabelFolderOrAnEmptyOneIsAnError() throws IOException {
    tree.image("images/val/x.png", 1, 1);
    assertTrue(refused("val").getMessage().contains("labels/val is missing"));
    Files.delete(root.resolve("images/val/x.png"));
    Files.createDirectories(root.resolve("labels/val"));
    assertTrue(refused("val").getMessage().contains("no images"));
  }

  @Test
  void labelsOfAnotherSizeNameBothFiles() throws IOException {
    tree.image("images/val/x.png", 4, 3);
    tree.label("labels/val/x.png", 3, 4);
    Dataset dataset = FolderDataset.open(root, "val");
    Sample sample = dataset.samples().getFirst();
    String message =
        assertThrows(BadInputException.class, () -> dataset.labels(sample, 4, 3)).getMessage();
    assertTrue(message.contains("3 x 4") && message.contains("4 x 3"), message);
    assertTrue(message.contains(sample.label() + "") && message.contains(sample.image() + ""));
  }

  @Test
  void unknownIndicesNameTheirPlace() throws IOException {
    tree.image("images/val/x.png", 2, 2);
    tree.label("labels/val/x.png", 2, 2, 0, 1, 9, 5);
    Dataset dataset = FolderDataset.open(root, "val");
    String message =
        assertThrows(
                BadInputException.class, () -> dataset.labels(dataset.samples().getFirst(), 2, 2))
            .getMessage();
    assertTrue(message.contains("holds 5 at (1, 1)"), message);
  }

  private Dataset opened(ClassFiles.LabelClasses content) throws IOException {
    ClassFiles.write(root.resolve("classes.json"), content);
    return FolderDataset.open(root, "val");
  }

  private static LabelMap labels(Dataset dataset) {
    return dataset.labels(dataset.samples().getFirst(), 3, 1);
  }

  private static final ClassList TWO =
      new ClassList(List.of(new NamedClass("a", 0x804080), new NamedClass("b", 0x010203)));

  @Test
  void labelsMayBeginWithOneWhereZeroIsVoid() throws IOException {
    tree.image("images/val/x.png", 3, 1);
    tree.label("labels/val/x.png", 3, 1, 0, 1, 2);
    Dataset dataset = opened(new ClassFiles.LabelClasses(TWO, 0, 1, OptionalInt.empty()));
    LabelMap labels = labels(dataset);
    assertEquals(dataset.voidIndex(), labels.at(0, 0));
    assertEquals(0, labels.at(1, 0));
    assertEquals(1, labels.at(2, 0));
    assertTrue(dataset.voidIndex() >= TWO.size());
    tree.label("labels/val/x.png", 3, 1, 0, 1, 3);
    String message = assertThrows(BadInputException.class, () -> labels(dataset)).getMessage();
    assertTrue(message.contains("holds 3 at (2, 0), expected a class from 1 to 2, or 0"), message);
  }

  @Test
  void coloursOfClassesAreLabels() throws IOException {
    tree.image("images/val/x.png", 3, 1);
    tree.colors("labels/val/x.png", 3, 0x010203, 0x804080, 0x000000);
    Dataset known = opened(new ClassFiles.LabelClasses(TWO, -1, 0, OptionalInt.of(0)));
    DatasetCheck.run(known, 1, Progress.NONE);
    LabelMap labels = labels(known);
    assertEquals(1, labels.at(0, 0));
    assertEquals(0, labels.at(1, 0));
    assertEquals(known.voidIndex(), labels.at(2, 0));
    Dataset unknown = opened(new ClassFiles.LabelClasses(TWO, 255));
    String message = assertThrows(BadInputException.class, () -> labels(unknown)).getMessage();
    assertTrue(message.contains("x.png holds the colour [0, 0, 0] at (2, 0)"), message);
    assertTrue(message.contains("void_rgb"), message);
    ClassList alike =
        new ClassList(List.of(new NamedClass("a", 0x010203), new NamedClass("b", 0x010203)));
    Dataset ambiguous = opened(new ClassFiles.LabelClasses(alike, 255));
    message = assertThrows(BadInputException.class, () -> labels(ambiguous)).getMessage();
    assertTrue(message.contains("[1, 2, 3] at (0, 0)"), message);
  }

  @Test
  void photographsMayBeTiffOrOtherNamesOfJpeg() throws IOException {
    for (String ending : new String[] {"jfif", "jpe", "tif", "tiff", "webp"}) {
      tree.text("images/val/%s.%s".formatted(ending, ending), "looked into later");
      tree.label("labels/val/%s.png".formatted(ending), 1, 1);
    }
    assertEquals(5, FolderDataset.open(root, "val").samples().size());
  }

  @Test
  void unknownDatasetsAndFoldersAreNamed() {
    String message =
        assertThrows(BadInputException.class, () -> Datasets.open("mnist", root, "val"))
            .getMessage();
    for (String name : Datasets.names()) {
      assertTrue(message.contains(name), message);
    }
    Path nowhere = root.resolve("nowhere");
    assertThrows(BadInputException.class, () -> FolderDataset.open(nowhere, "val"));
  }
}
