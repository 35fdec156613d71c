package dev.eigenseg.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import dev.eigenseg.api.ImageGeometry;
import dev.eigenseg.api.Images;
import dev.eigenseg.api.Progress;
import dev.eigenseg.api.internal.file.SafeTensors;
import dev.eigenseg.train.dataset.GeneratedScenes;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Exact eigenvectors from the command line. */
class SpectralTest {
  @TempDir static Path work;

  @TempDir Path folder;

  private final Shell shell = new Shell();

  @BeforeAll
  static void bankAndModel() throws IOException {
    GeneratedScenes.write(
        work.resolve("scenes"), 8, 0, new ImageGeometry.Size(128, 96), 1, 2, Progress.NONE);
    Shell shell = new Shell();
    assertEquals(
        0, shell.run("extract", "-o", path("bank"), path("scenes/images/train")), shell.err());
    assertEquals(
        0,
        shell.run(
            "train",
            path("bank"),
            "-o",
            path("psi.safetensors"),
            "--clusters=8",
            "--epochs=1",
            "--batch-size=2",
            "--projection=64",
            "--neighbors=16"),
        shell.err());
  }

  private static String path(String name) {
    return work.resolve(name).toString();
  }

  private JsonObject json(String... arguments) {
    String[] all =
        Stream.concat(Stream.of("spectral", "--json", "-"), Stream.of(arguments))
            .toArray(String[]::new);
    assertEquals(0, shell.run(all), shell.err());
    return JsonParser.parseString(shell.out()).getAsJsonObject();
  }

  @Test
  void aBanksEigenvectorsAreWrittenComparedAndScored() throws IOException {
    Path file = folder.resolve("vectors.safetensors");
    JsonObject json =
        json(
            path("bank"),
            "--eigenvectors",
            "10",
            "--clusters",
            "6",
            "-o",
            file.toString(),
            "-m",
            path("psi.safetensors"),
            "--dataset",
            "folder",
            "--root",
            path("scenes"),
            "--split",
            "train");
    assertTrue(json.getAsJsonArray("eigenvalues").get(0).getAsDouble() > 1, json.toString());
    assertTrue(json.get("largest-residual").getAsDouble() < 2e-4, json.toString());
    JsonObject alignment = json.getAsJsonObject("alignment");
    double share = alignment.get("mean-share").getAsDouble();
    assertTrue(share > 0 && share <= 1.0001, json.toString());
    double trace = alignment.get("trace").getAsDouble();
    assertTrue(trace > 0 && trace <= 1.0001, json.toString());
    assertEquals(3, json.getAsJsonArray("results").size());
    assertTrue(shell.err().contains("clusters exist for these alone"), shell.err());
    try (SafeTensors tensors = SafeTensors.open(file)) {
      long patches = json.get("patches").getAsLong();
      assertEquals(patches, tensors.tensor("eigenvectors").size(0));
      assertEquals(10, tensors.tensor("eigenvectors").size(1));
      assertEquals(
          json.getAsJsonArray("eigenvalues").get(3).getAsDouble(),
          tensors.tensor("eigenvalues").get(3),
          1e-6);
    }
  }

  @Test
  void anImagesEigenvectorsArePictures() throws IOException {
    String image = firstImage();
    for (String[] with : new String[][] {{}, {"-m", path("psi.safetensors")}}) {
      Path pictures = folder.resolve("pictures" + with.length);
      String[] arguments =
          Stream.concat(
                  Stream.of(image, "--eigenvectors", "5", "-o", pictures.toString()),
                  Stream.of(with))
              .toArray(String[]::new);
      JsonObject json = json(arguments);
      assertEquals(with.length > 0, json.has("alignment"));
      BufferedImage sheet = Images.read(pictures.resolve("eigenvectors.png"));
      assertTrue(sheet.getWidth() > 900, "four tiles in a row");
      assertEquals(128, Images.read(pictures.resolve("clusters.png")).getWidth());
      assertEquals(
          1, shell.run("spectral", image, "--eigenvectors", "5", "-o", pictures.toString()));
      assertTrue(shell.err().contains("eigenvectors.png is there already"), shell.err());
    }
  }

  private static String firstImage() throws IOException {
    try (Stream<Path> files = Files.list(work.resolve("scenes/images/train"))) {
      return files.sorted().findFirst().orElseThrow().toString();
    }
  }

  @Test
  void refusesWhatDoesNotGoTogether() throws IOException {
    assertEquals(2, shell.run("spectral", path("bank"), "--size", "64x64"));
    assertEquals(2, shell.run("spectral", firstImage()));
    assertTrue(shell.err().contains("-o names the folder"), shell.err());
    assertEquals(
        1,
        shell.run(
            "spectral",
            path("bank"),
            "--eigenvectors",
            "4",
            "--dataset",
            "folder",
            "--root",
            path("scenes"),
            "--split",
            "val"));
    assertFalse(shell.err().isBlank());
  }
}
