package dev.eigenseg.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import dev.eigenseg.api.ModelInfo;
import dev.eigenseg.infer.SegmenterFile;
import dev.eigenseg.infer.SegmenterModel;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Test;

/** Few segments of many clusters, and what train chooses where the user does not. */
class FewSegmentsTest extends OnSmallBank {
  private void fails(String expected, String... arguments) {
    assertEquals(1, shell.run(arguments), String.join(" ", arguments) + "\n" + shell.out());
    assertTrue(shell.err().contains(expected), shell.err());
  }

  private void train(String model, String... more) {
    List<String> arguments =
        new ArrayList<>(List.of("train", in("bank"), "-o", in(model), "--clusters=8"));
    arguments.addAll(List.of(more));
    done(arguments.toArray(String[]::new));
  }

  private int largestIndex(String masks) throws IOException {
    int largest = 0;
    try (Stream<Path> files = Files.list(folder.resolve(masks))) {
      for (Path file : files.filter(f -> f.toString().matches(".*\\d\\.png")).toList()) {
        var raster = ImageIO.read(file.toFile()).getRaster();
        for (int value :
            raster.getPixels(0, 0, raster.getWidth(), raster.getHeight(), (int[]) null)) {
          largest = Math.max(largest, value);
        }
      }
    }
    return largest;
  }

  @Test
  void oneModelGivesAnyNumberOfSegments() throws IOException {
    train("model", "--method=kmeans-features");
    String photographs = in("scenes/images/val");
    done("segment", "-m", in("model"), "-o", in("eight"), photographs);
    done("segment", "-m", in("model"), "-o", in("three"), "--segments=3", photographs);
    assertTrue(largestIndex("eight") > 2, "all clusters");
    assertTrue(largestIndex("three") <= 2, "three segments");
    done("segment", "-m", in("model"), "-o", in("auto"), "--segments=auto", photographs);
    fails(
        "holds results that were made with",
        "segment",
        "-m",
        in("model"),
        "-o",
        in("three"),
        "--segments=2",
        photographs);
    fails(
        "--segments 1 to 8",
        "segment",
        "-m",
        in("model"),
        "-o",
        in("x"),
        "--segments=9",
        photographs);
    assertEquals(
        2, shell.run("segment", "-m", in("model"), "-o", in("x"), "--segments=0", photographs));
    assertEquals(
        2, shell.run("segment", "-m", in("model"), "-o", in("x"), "--segments=no", photographs));

    done(
        "evaluate",
        "--dataset=folder",
        "--root=" + in("scenes"),
        "--split=val",
        "--match=hungarian",
        "--segments=4",
        "--json=" + in("scores.json"),
        in("model"));
    JsonObject scores =
        JsonParser.parseString(Files.readString(folder.resolve("scores.json"))).getAsJsonObject();
    List<JsonObject> hungarian = new ArrayList<>();
    for (JsonElement element : scores.getAsJsonArray("results")) {
      JsonObject result = element.getAsJsonObject();
      assertEquals(4, result.get("clusters").getAsInt());
      if (result.get("matching").getAsString().equals("hungarian")) {
        hungarian.add(result);
      }
    }
    assertEquals(1, hungarian.size());
    assertTrue(hungarian.getFirst().get("miou").getAsDouble() > 0, scores.toString());
  }

  @Test
  void aModelOfBeforeLearnsHowItsClustersMerge() throws IOException {
    train("model", "--method=kmeans-features");
    byte[] whole = Files.readAllBytes(folder.resolve("model"));
    try (SegmenterFile file = SegmenterFile.open(folder.resolve("model"))) {
      var model = file.model();
      var info = model.info();
      var plain =
          new ModelInfo(
              info.method(),
              info.clusters(),
              info.backboneId(),
              info.backboneSha256(),
              info.backboneSpec(),
              info.backboneSettings(),
              info.geometry(),
              info.names());
      SegmenterFile.write(
          folder.resolve("old"),
          new SegmenterModel(
              plain,
              model.dims(),
              model.scales(),
              model.psi(),
              model.normalizeRows(),
              model.logitDivisor(),
              model.provenance(),
              model.tensors()));
    }
    fails(
        "eigenseg merge-clusters",
        "segment",
        "-m",
        in("old"),
        "-o",
        in("x"),
        "--segments=3",
        in("scenes/images/val"));
    done("merge-clusters", in("old"), "--bank", in("bank"));
    assertEquals(-1, Files.mismatch(folder.resolve("old"), folder.resolve("model")));
    done("graph", in("bank"));
    done("merge-clusters", in("old"), "--bank", in("bank"));
    assertTrue(shell.out().contains("by the graph"), shell.out());
    assertFalse(Arrays.equals(whole, Files.readAllBytes(folder.resolve("old"))));
  }

  @Test
  void defaultsAreSaidAndExplicitOptionsWin() throws IOException {
    train("model.safetensors", "--epochs=1", "--projection=32", "--head-dim=16");
    String said = shell.out();
    assertTrue(said.contains("defaults for this bank: mode cross-batch"), said);
    assertTrue(said.contains("batches of 4"), said);
    assertFalse(said.contains("epochs:") || said.contains("projection 256"), said);
    assertTrue(said.contains("this collection is small for 8 clusters"), said);
    done("info", in("model.safetensors"));
    assertTrue(shell.out().contains("projection: 32"), shell.out());

    train("batches", "--mode=in-batch", "--epochs=1", "--projection=32", "--head-dim=16");
    assertFalse(shell.out().contains("mode cross-batch"), shell.out());
    train("augmented", "--augment", "--epochs=1", "--projection=32", "--head-dim=16");
    assertTrue(shell.out().contains("mode in-batch: views are drawn"), shell.out());
    fails("memory is 1 MiB", "train", in("bank"), "-o", in("x"), "--clusters=8", "--memory=1m");
  }
}
