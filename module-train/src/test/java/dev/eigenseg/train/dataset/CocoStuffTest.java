package dev.eigenseg.train.dataset;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.eigenseg.api.BadInputException;
import java.io.IOException;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** COCO-Stuff with fine labels in its files and coarse classes out of them. */
class CocoStuffTest {
  private static final String LIST = "curated/val2017/Coco164kFull_Stuff_Coarse_7.txt";
  private static final int WIDTH = 20;
  private static final int HEIGHT = 10;

  @TempDir private Path root;
  private TinyTree tree;

  @BeforeEach
  void threeImagesTwoOfThemListed() throws IOException {
    tree = new TinyTree(root);
    int[] everyLabel = new int[183];
    for (int label = 0; label < 182; label++) {
      everyLabel[label] = label;
    }
    everyLabel[182] = 255;
    for (String name : new String[] {"000000000139", "000000000285", "000000581781"}) {
      tree.image("images/val2017/" + name + ".jpg", WIDTH, HEIGHT);
      tree.label("annotations/val2017/" + name + ".png", WIDTH, HEIGHT, everyLabel);
    }
    tree.text(LIST, "000000581781", "000000000139");
  }

  private LabelMap labels() throws IOException {
    Dataset dataset = Datasets.open(CocoStuff.NAME, root, "val");
    return dataset.labels(dataset.samples().getFirst(), WIDTH, HEIGHT);
  }

  private String refused(String split) {
    return assertThrows(BadInputException.class, () -> Datasets.open(CocoStuff.NAME, root, split))
        .getMessage();
  }

  @Test
  void theCuratedListDecides() throws IOException {
    Dataset dataset = Datasets.open(CocoStuff.NAME, root, "val");
    assertEquals(
        List.of("000000581781", "000000000139"),
        dataset.samples().stream().map(Sample::name).toList());
    assertEquals(3, Datasets.open(CocoStuff.NAME, root, "val2017").samples().size());
  }

  @ParameterizedTest
  @CsvSource({
    "0, person-things",
    "1, vehicle-things",
    "8, vehicle-things",
    "9, outdoor-things",
    "15, animal-things",
    "25, accessory-things",
    "33, sports-things",
    "43, kitchen-things",
    "51, food-things",
    "61, furniture-things",
    "71, electronic-things",
    "77, appliance-things",
    "90, indoor-things",
    "91, textile-stuff",
    "94, building-stuff",
    "98, structural-stuff",
    "99, rawmaterial-stuff",
    "101, ceiling-stuff",
    "105, sky-stuff",
    "113, floor-stuff",
    "120, food-stuff",
    "148, ground-stuff",
    "155, furniture-stuff",
    "168, plant-stuff",
    "170, wall-stuff",
    "177, water-stuff",
    "180, window-stuff",
    "181, solid-stuff"
  })
  void fineLabelsBecomeCoarseClasses(int fine, String coarse) throws IOException {
    Dataset dataset = Datasets.open(CocoStuff.NAME, root, "val");
    assertEquals(coarse, dataset.classes().name(labels().at(fine % WIDTH, fine / WIDTH)));
  }

  @Test
  void everyFineLabelHasAClassAndEveryClassALabel() throws IOException {
    LabelMap labels = labels();
    Set<Integer> met = new HashSet<>();
    for (int fine = 0; fine < 182; fine++) {
      met.add(labels.at(fine % WIDTH, fine / WIDTH));
    }
    assertEquals(27, met.size());
    assertEquals(26, met.stream().max(Integer::compare).orElseThrow());
    assertEquals(255, labels.at(182 % WIDTH, 182 / WIDTH));
  }

  @Test
  void whatTheListNamesMustBeThere() throws IOException {
    tree.delete("annotations/val2017/000000000139.png");
    String message = refused("val");
    assertTrue(message.contains("annotations/val2017/000000000139.png is missing"), message);
    tree.delete(LIST);
    message = refused("val");
    assertTrue(message.contains("1 problem:") && message.contains("PiCIE"), message);
    assertTrue(refused("test").contains("train, val, train2017, val2017"));
  }
}
