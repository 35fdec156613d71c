package dev.eigenseg.train.dataset;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import dev.eigenseg.api.BadInputException;
import dev.eigenseg.api.Progress;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** CamVid as it is distributed, and with parts missing. */
class CamVidTest {
  private static Path shared() {
    return ReferenceData.folder("eigenseg.shared", "camvid");
  }

  @Test
  void everyPixelOfTheValidationSplitIsCountedAsItsSourceCountsIt() throws IOException {
    Path root = shared();
    Dataset val = Datasets.open("camvid", root, "val");
    DatasetCheck.run(val, 2, Progress.NONE);
    long[] counts = new long[12];
    for (Sample sample : val.samples()) {
      LabelMap labels = val.labels(sample, 480, 360);
      for (int y = 0; y < labels.height(); y++) {
        for (int x = 0; x < labels.width(); x++) {
          counts[labels.at(x, y)]++;
        }
      }
    }
    JsonObject expected =
        JsonParser.parseString(Files.readString(root.resolve("classes.json")))
            .getAsJsonObject()
            .getAsJsonObject("splits")
            .getAsJsonObject("val")
            .getAsJsonObject("pixel_counts");
    for (int c = 0; c < 11; c++) {
      assertEquals(expected.get(val.classes().name(c)).getAsLong(), counts[c]);
    }
    assertEquals(expected.get("void").getAsLong(), counts[val.voidIndex()]);
  }

  @Test
  void splitsHaveTheirFramesInTheSourcesOrder() throws IOException {
    Path root = shared();
    Dataset train = CamVid.open(root, "train");
    assertEquals(367, train.samples().size());
    assertEquals("0001TP_006690", train.samples().getFirst().name());
    assertEquals(101, CamVid.open(root, "val").samples().size());
    assertEquals(11, train.voidIndex());
    assertEquals("Bicyclist", train.classes().name(10));
    assertThrows(BadInputException.class, () -> CamVid.open(root, "test"));
  }

  @Test
  void missingFramesAreListed(@TempDir Path root) throws IOException {
    Files.copy(shared().resolve("classes.json"), root.resolve("classes.json"));
    Files.createDirectories(root.resolve("images/val"));
    Files.createDirectories(root.resolve("labels/val"));
    String message =
        assertThrows(BadInputException.class, () -> CamVid.open(root, "val")).getMessage();
    assertTrue(message.contains("101 problems") && message.contains("0016E5_08159 of"), message);
  }

  @Test
  void aFolderWithoutClassesSaysWhatBelongsThere(@TempDir Path root) {
    String message =
        assertThrows(BadInputException.class, () -> CamVid.open(root, "val")).getMessage();
    assertTrue(message.contains("classes.json"), message);
  }

  @Test
  void otherClassesAreSentToTheFolderDataset(@TempDir Path root) throws IOException {
    Files.writeString(
        root.resolve("classes.json"),
        "{\"void_index\": 1, \"classes\": [{\"index\": 0, \"name\": \"a\", \"rgb\": [1, 2, 3]}]}");
    String message =
        assertThrows(BadInputException.class, () -> CamVid.open(root, "val")).getMessage();
    assertTrue(message.contains("'folder'"), message);
  }
}
