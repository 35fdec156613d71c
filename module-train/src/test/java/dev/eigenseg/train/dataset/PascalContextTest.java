package dev.eigenseg.train.dataset;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.eigenseg.api.BadInputException;
import dev.eigenseg.api.ClassList.NamedClass;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Pascal Context in VOC 2010's folders, with and without background, whole and broken. */
class PascalContextTest {
  private static final String VOC = "VOCdevkit/VOC2010/";
  private static final String LIST = VOC + "ImageSets/SegmentationContext/val.txt";
  private static final int WIDTH = 10;
  private static final int HEIGHT = 7;

  @TempDir private Path root;
  private TinyTree tree;

  @BeforeEach
  void threeImages() throws IOException {
    tree = new TinyTree(root);
    int[] everyLabel = new int[61];
    for (int label = 0; label < 60; label++) {
      everyLabel[label] = label;
    }
    everyLabel[60] = 255;
    tree.image(VOC + "JPEGImages/2008_000003.jpg", WIDTH, HEIGHT);
    tree.label(VOC + "SegmentationClassContext/2008_000003.png", WIDTH, HEIGHT, everyLabel);
    tree.image(VOC + "JPEGImages/2008_000002.jpg", WIDTH, HEIGHT);
    tree.paletteLabel(VOC + "SegmentationClassContext/2008_000002.png", WIDTH, HEIGHT, everyLabel);
    tree.image(VOC + "JPEGImages/2007_000027.jpg", WIDTH, HEIGHT); // of no list
    tree.text(LIST, "2008_000003", "2008_000002", "");
  }

  private static int classOf(Dataset dataset, Sample sample, int label) {
    return dataset.labels(sample, WIDTH, HEIGHT).at(label % WIDTH, label / WIDTH);
  }

  private String refused(String split) {
    return assertThrows(
            BadInputException.class, () -> Datasets.open(PascalContext.NAME_59, root, split))
        .getMessage();
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "VOCdevkit", "VOCdevkit/VOC2010"})
  void isFoundFromEveryFolderAroundIt(String folder) throws IOException {
    Dataset dataset = Datasets.open(PascalContext.NAME_60, root.resolve(folder), "val");
    assertEquals(
        List.of("2008_000003", "2008_000002"),
        dataset.samples().stream().map(Sample::name).toList());
  }

  @Test
  void withBackgroundLabelsAreIndices() throws IOException {
    Dataset dataset = Datasets.open(PascalContext.NAME_60, root, "val");
    assertEquals(60, dataset.classes().size());
    for (Sample sample : dataset.samples()) {
      for (int label = 0; label < 60; label++) {
        assertEquals(label, classOf(dataset, sample, label));
      }
      assertEquals(dataset.voidIndex(), classOf(dataset, sample, 60));
    }
    assertEquals("background", dataset.classes().name(0));
  }

  @Test
  void withoutBackgroundItIsVoid() throws IOException {
    Dataset dataset = Datasets.open(PascalContext.NAME_59, root, "val");
    Sample sample = dataset.samples().getFirst();
    assertEquals(59, dataset.classes().size());
    assertEquals(dataset.voidIndex(), classOf(dataset, sample, 0));
    for (int label = 1; label < 60; label++) {
      assertEquals(label - 1, classOf(dataset, sample, label));
    }
    List<String> names = dataset.classes().classes().stream().map(NamedClass::name).toList();
    assertEquals(names.stream().sorted().toList(), names);
    assertEquals("aeroplane", names.getFirst());
    assertEquals("person", names.get(36));
    assertEquals("wood", names.getLast());
  }

  @Test
  void bothProtocolsHaveTheSameColours() throws IOException {
    List<NamedClass> with = PublishedLabels.of(PascalContext.NAME_60).classes().classes();
    List<NamedClass> without = PublishedLabels.of(PascalContext.NAME_59).classes().classes();
    assertEquals(with.subList(1, 60), without);
  }

  @Test
  void filesOfTheListThatAreMissingAreListed() throws IOException {
    tree.text(LIST, "2008_000003", "2008_000002", "2008_000003", "2010_006085");
    tree.delete(VOC + "SegmentationClassContext/2008_000002.png");
    String message = refused("val");
    for (String part :
        new String[] {
          "4 problems",
          "SegmentationClassContext/2008_000002.png is missing",
          "val.txt lists 2008_000003 twice",
          "JPEGImages/2010_006085.jpg is missing",
          "SegmentationClassContext/2010_006085.png is missing",
          "VOCtrainval_03-May-2010.tar"
        }) {
      assertTrue(message.contains(part), part + " in " + message);
    }
  }

  @Test
  void aMissingListIsOneProblem() {
    String message = refused("train");
    assertTrue(message.contains("1 problem:") && message.contains("train.txt"), message);
  }

  @Test
  void anEmptyListIsAProblem() throws IOException {
    tree.text(LIST, "");
    assertTrue(refused("val").contains("no images"));
  }

  @Test
  void otherLabelsAreRefused() throws IOException {
    tree.label(VOC + "SegmentationClassContext/2008_000003.png", WIDTH, HEIGHT, 1, 60);
    Dataset dataset = Datasets.open(PascalContext.NAME_60, root, "val");
    Sample sample = dataset.samples().getFirst();
    String message =
        assertThrows(BadInputException.class, () -> classOf(dataset, sample, 0)).getMessage();
    assertTrue(message.contains("holds 60 at (1, 0)"), message);
  }
}
