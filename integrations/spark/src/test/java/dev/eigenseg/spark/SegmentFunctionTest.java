package dev.eigenseg.spark;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotSame;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.eigenseg.api.BadInputException;
import dev.eigenseg.api.IncompatibleException;
import dev.eigenseg.api.SegmentOptions;
import dev.eigenseg.api.Segmentation;
import dev.eigenseg.api.Segmenter;
import dev.eigenseg.api.bank.ExtractOptions;
import dev.eigenseg.api.mask.MaskRuns;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.ObjectInputStream;
import java.io.ObjectOutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.Map;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SegmentFunctionTest {
  private static final String BROKEN = "broken.jpg";

  @TempDir static Path folder;

  private static Path images;
  private static Path model;

  @BeforeAll
  static void write() throws IOException {
    images = OnSpark.scenes(folder.resolve("scenes"), 4);
    Path bank = OnSpark.bank(folder.resolve("bank"), OnSpark.files(images), ExtractOptions.DEFAULT);
    model = OnSpark.model(folder.resolve("model.safetensors"), bank, 4);
    Files.writeString(images.resolve(BROKEN), "no picture");
  }

  private static Dataset<Row> files() {
    return OnSpark.session().read().format("binaryFile").load(images.toString()).orderBy("path");
  }

  @Test
  void masksAreThoseOfOneMachine() throws IOException {
    SparkSession spark = OnSpark.session();
    SegmentFunction.register(spark, "segment", model);
    files().createOrReplaceTempView("photographs");
    List<Row> rows =
        spark
            .sql("SELECT path, segment(content) AS segments FROM photographs ORDER BY path")
            .collectAsList();
    assertEquals(5, rows.size());
    try (Segmenter segmenter = Segmenter.load(model)) {
      for (Row row : rows) {
        Path image = Path.of(ExtractJob.name(row.getString(0)));
        if (!image.endsWith(BROKEN)) {
          requireSame(segmenter.segment(image), row.getStruct(1));
        }
      }
    }
  }

  private static void requireSame(Segmentation expected, Row found) throws IOException {
    ByteArrayOutputStream png = new ByteArrayOutputStream();
    expected.writeIndexPng(png);
    assertArrayEquals(png.toByteArray(), found.<byte[]>getAs("png"));
    assertEquals(expected.width(), found.<Integer>getAs("width"));
    assertEquals(expected.height(), found.<Integer>getAs("height"));
    assertNull(found.getAs("error"));
    List<Row> shares = found.getList(found.fieldIndex("shares"));
    assertEquals(
        expected.shares().stream()
            .map(s -> "%d %s %d %s".formatted(s.index(), s.name(), s.pixels(), s.share()))
            .toList(),
        shares.stream()
            .map(s ->
                "%d %s %d %s".formatted(s.getInt(0), s.getString(1), s.getLong(2), s.getDouble(3)))
            .toList());
    List<Row> masks = found.getList(found.fieldIndex("masks"));
    Map<Integer, MaskRuns> runs = expected.clusterRuns();
    assertEquals(runs.size(), masks.size());
    for (Row mask : masks) {
      MaskRuns of = runs.get(mask.<Integer>getAs("cluster"));
      assertEquals(of.area(), mask.<Long>getAs("area"));
      assertEquals(of.text(), mask.getAs("rle"));
      assertArrayEquals(
          of.box(),
          mask.<Integer>getList(mask.fieldIndex("box")).stream().mapToInt(i -> i).toArray());
    }
  }

  @Test
  void anImageThatIsNoneHasAnErrorAndTheOthersTheirMasks() throws IOException {
    List<Row> rows =
        new SegmentFunction(ModelFile.of(model))
            .segment(files(), "content", "segments")
            .select("path", "segments.*")
            .collectAsList();
    for (Row row : rows) {
      boolean broken = row.getString(0).endsWith(BROKEN);
      assertEquals(broken, row.getAs("error") != null, row.getString(0));
      assertEquals(broken, row.getAs("png") == null, row.getString(0));
    }
    assertEquals(5, rows.size());
  }

  @Test
  void imagesAreLookedAtAsTheOptionsSay() throws IOException {
    TaskOptions<SegmentOptions> mirrored =
        () -> SegmentOptions.DEFAULT.withFlip(true).withScales(List.of(0.5, 1.0));
    Row row =
        new SegmentFunction(ModelFile.of(model), mirrored)
            .segment(files(), "content", "segments")
            .filter("path LIKE '%scene-0001.png'")
            .select("segments.*")
            .first();
    try (Segmenter segmenter = Segmenter.load(model)) {
      requireSame(segmenter.segment(images.resolve("scene-0001.png"), mirrored.get()), row);
    }
  }

  @Test
  void whatIsNoImageIsNoError() throws IOException {
    assertNull(new SegmentFunction(ModelFile.of(model)).call(null));
  }

  @Test
  void allTasksOfAProcessShareASegmenter() throws Exception {
    ModelFile file = ModelFile.of(model);
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (ObjectOutputStream out = new ObjectOutputStream(bytes)) {
      out.writeObject(file);
    }
    ModelFile received;
    try (ObjectInputStream in =
        new ObjectInputStream(new ByteArrayInputStream(bytes.toByteArray()))) {
      received = (ModelFile) in.readObject();
    }
    assertSame(file.segmenter(), received.segmenter());
    assertNotSame(file.segmenter(), file.withBackbone("descriptor", "cpu").segmenter());
  }

  @Test
  void anotherFileUnderTheSameNameIsRefused() throws IOException {
    Path copy = Files.copy(model, folder.resolve("copy.safetensors"));
    ModelFile file = ModelFile.of(copy);
    Files.write(copy, new byte[] {1}, StandardOpenOption.APPEND);
    Exception refusal = assertThrows(IncompatibleException.class, file::segmenter);
    assertTrue(refusal.getMessage().startsWith(copy + " has SHA-256 "), refusal.getMessage());
    assertThrows(BadInputException.class, () -> ModelFile.of(folder.resolve("none")));
  }
}
