package dev.eigenseg.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import dev.eigenseg.api.ImageGeometry;
import dev.eigenseg.api.Progress;
import dev.eigenseg.train.dataset.GeneratedScenes;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A backbone that looks several times, and a model of it on a finer grid. */
class LooksTest {
  @TempDir Path folder;

  private final Shell shell = new Shell();

  private String in(String name) {
    return folder.resolve(name).toString();
  }

  private JsonObject json(String name) throws IOException {
    return JsonParser.parseString(Files.readString(folder.resolve(name))).getAsJsonObject();
  }

  private void done(String... arguments) {
    assertEquals(0, shell.run(arguments), String.join(" ", arguments) + "\n" + shell.err());
  }

  @Test
  void aModelIsUsedOnAFinerGrid() throws IOException {
    GeneratedScenes.write(
        folder.resolve("scenes"), 3, 1, new ImageGeometry.Size(128, 96), 1, 1, Progress.NONE);
    String images = in("scenes/images/train");
    done("extract", "-o", in("looks"), "--looks", "1,2", "--mirror-looks", images);
    String model = in("looks.safetensors");
    String[] kmeans = {"--clusters", "4", "--method", "kmeans-features"};
    done("train", in("looks"), "-o", model, kmeans[0], kmeans[1], kmeans[2], kmeans[3]);
    done("segment", "-m", model, "--finer", "2", "-o", in("fine"), images);
    JsonObject settings = json("fine/provenance.json").getAsJsonObject("settings");
    assertEquals("2", settings.get("finer").getAsString());
    assertEquals(1, shell.run("segment", "-m", model, "-o", in("fine"), images));
    assertTrue(shell.err().contains("--finer 2"), shell.err());

    String scores = in("scores.json");
    String[] val = {"--dataset", "folder", "--root", in("scenes"), "--split", "val"};
    done(
        "evaluate",
        val[0],
        val[1],
        val[2],
        val[3],
        val[4],
        val[5],
        "--finer=2",
        "--json=" + scores,
        model);
    assertEquals("2", json("scores.json").getAsJsonObject("settings").get("finer").getAsString());

    assertEquals(1, shell.run("extract", "-o", in("finer"), "--finer", "2", images));
    assertTrue(shell.err().contains("give --looks 1,2 too"), shell.err());
    done("extract", "-o", in("single"), images);
    String single = in("single.safetensors");
    done("train", in("single"), "-o", single, kmeans[0], kmeans[1], kmeans[2], kmeans[3]);
    assertEquals(1, shell.run("segment", "-m", single, "--finer", "2", "-o", in("no"), images));
    assertTrue(shell.err().contains("--looks"), shell.err());

    List<String> evaluate = new ArrayList<>(List.of("evaluate"));
    evaluate.addAll(List.of(val));
    evaluate.add("--json=" + in("scores.json"));
    JsonArray apart = new JsonArray();
    for (List<String> models : List.of(List.of(single), List.of("--finer=2", model))) {
      List<String> one = new ArrayList<>(evaluate);
      one.addAll(models);
      done(one.toArray(String[]::new));
      apart.addAll(json("scores.json").getAsJsonArray("results"));
    }
    evaluate.addAll(List.of("--finer=2", single));
    assertEquals(1, shell.run(evaluate.toArray(String[]::new)));
    assertTrue(shell.err().contains("--looks"), shell.err());
    evaluate.add(model);
    done(evaluate.toArray(String[]::new));
    assertTrue(shell.out().contains(single + ": its backbone looks at an image once"), shell.out());
    JsonObject together = json("scores.json");
    assertEquals(apart, together.getAsJsonArray("results"));
    JsonArray own = together.getAsJsonObject("settings").getAsJsonArray("on-own-grid");
    assertEquals(List.of(single), own.asList().stream().map(JsonElement::getAsString).toList());
  }
}
