package dev.eigenseg.train.dataset;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.eigenseg.api.CancelledException;
import dev.eigenseg.api.ImageGeometry.Size;
import dev.eigenseg.api.Images;
import dev.eigenseg.api.Progress;
import dev.eigenseg.train.dataset.scene.SceneClass;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Generated scenes: repeatable, complete, varied, and with labels that follow the picture. */
class GeneratedScenesTest {
  private static final Size SIZE = new Size(120, 90);

  @TempDir private Path folder;

  private static SortedMap<String, byte[]> files(Path root) throws IOException {
    SortedMap<String, byte[]> files = new TreeMap<>();
    try (Stream<Path> all = Files.walk(root)) {
      for (Path file : all.filter(Files::isRegularFile).toList()) {
        files.put(root.relativize(file).toString(), Files.readAllBytes(file));
      }
    }
    return files;
  }

  @Test
  void theSameSeedGivesTheSameBytesForAnyNumberOfThreads() throws IOException {
    Path a = folder.resolve("a");
    Path b = folder.resolve("b");
    GeneratedScenes.write(a, 3, 2, SIZE, 5, 1, Progress.NONE);
    GeneratedScenes.write(b, 3, 2, SIZE, 5, 3, Progress.NONE);
    SortedMap<String, byte[]> first = files(a);
    SortedMap<String, byte[]> second = files(b);
    assertEquals(11, first.size());
    assertEquals(first.keySet(), second.keySet());
    first.forEach((name, bytes) -> assertArrayEquals(bytes, second.get(name), name));
    GeneratedScenes.write(b, 1, 0, SIZE, 6, 1, Progress.NONE);
    assertFalse(
        Arrays.equals(
            first.get("images/train/scene-0000.png"), files(b).get("images/train/scene-0000.png")));
  }

  @Test
  void opensAsAFolderDatasetWithEveryClass() throws IOException {
    GeneratedScenes.write(folder, 24, 2, SIZE, 1, 2, Progress.NONE);
    Dataset train = FolderDataset.open(folder, GeneratedScenes.TRAIN);
    assertEquals(24, train.samples().size());
    assertEquals(2, FolderDataset.open(folder, GeneratedScenes.VAL).samples().size());
    assertEquals(SceneClass.values().length, train.classes().size());
    long[] counts = new long[train.classes().size()];
    for (Sample sample : train.samples()) {
      LabelMap labels = train.labels(sample, SIZE.width(), SIZE.height());
      for (int y = 0; y < labels.height(); y++) {
        for (int x = 0; x < labels.width(); x++) {
          counts[labels.at(x, y)]++;
        }
      }
    }
    long all = 24L * SIZE.width() * SIZE.height();
    for (int c = 0; c < counts.length; c++) {
      assertTrue(
          counts[c] > all / 100 && counts[c] < all / 2,
          train.classes().name(c) + " has " + counts[c] + " of " + all);
    }
  }

  @Test
  void labelsFollowThePicture() throws IOException {
    GeneratedScenes.write(folder, 8, 0, SIZE, 3, 2, Progress.NONE);
    Dataset train = FolderDataset.open(folder, GeneratedScenes.TRAIN);
    double inside = 0;
    double across = 0;
    for (Sample sample : train.samples()) {
      BufferedImage image = Images.read(sample.image());
      LabelMap labels = train.labels(sample, SIZE.width(), SIZE.height());
      double[][] sums = new double[2][2];
      for (int y = 0; y < SIZE.height(); y++) {
        for (int x = 2; x < SIZE.width(); x++) {
          double[] sum = sums[labels.at(x, y) == labels.at(x - 2, y) ? 0 : 1];
          sum[0] += difference(image.getRGB(x, y), image.getRGB(x - 2, y));
          sum[1]++;
        }
      }
      inside += sums[0][0] / sums[0][1];
      across += sums[1][0] / Math.max(1, sums[1][1]);
    }
    assertTrue(across > 2 * inside, "steps of %g at edges, %g inside".formatted(across, inside));
  }

  private static int difference(int a, int b) {
    int sum = 0;
    for (int shift = 0; shift < 24; shift += 8) {
      sum += Math.abs((a >> shift & 255) - (b >> shift & 255));
    }
    return sum;
  }

  @Test
  void stopsWhenAskedAndLeavesWholeFiles() throws IOException {
    Progress impatient =
        new Progress() {
          private int asked;

          @Override
          public Task start(String name, long total, String unit) {
            return Task.NONE;
          }

          @Override
          public boolean cancelled() {
            asked++;
            return asked > 2;
          }
        };
    assertThrows(
        CancelledException.class, () -> GeneratedScenes.write(folder, 6, 0, SIZE, 3, 1, impatient));
    assertEquals(
        List.of(
            "classes.json",
            "images/train/scene-0000.png",
            "images/train/scene-0001.png",
            "labels/train/scene-0000.png",
            "labels/train/scene-0001.png"),
        List.copyOf(files(folder).keySet()));
  }
}
