package dev.eigenseg.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Where {@code --json} writes, and what it says when there is no result. */
class JsonOutputTest {
  private final Shell shell = new Shell();

  @TempDir Path folder;

  private static JsonObject error(String text) {
    return JsonParser.parseString(text).getAsJsonObject().getAsJsonObject("error");
  }

  private String in(String name) {
    return folder.resolve(name).toString();
  }

  @Test
  void theBareOptionMeansStandardOutput() {
    assertEquals(0, shell.run("weights", "list", "--json"), shell.err());
    String last = shell.out();
    assertTrue(JsonParser.parseString(last).getAsJsonObject().has("weights"));
    assertEquals(0, shell.run("weights", "list", "--json", "--quiet"), shell.err());
    assertEquals(last, shell.out());
    assertEquals(0, shell.run("weights", "list", "--json", "-"), shell.err());
    assertEquals(last, shell.out());
  }

  @Test
  void anArgumentThatFollowsItIsNotWrittenOver() throws IOException {
    for (String name : List.of("model.safetensors", "model.safetensors.index.json")) {
      Path model = Files.writeString(folder.resolve(name), "precious");
      assertEquals(1, shell.run("info", "--json", model.toString()));
      assertEquals("precious", Files.readString(model));
      assertTrue(error(shell.out()).get("message").getAsString().contains(name));
    }
  }

  @Test
  void aFileIsNamedByItsEndingOrByTheEqualsSign() throws IOException {
    for (List<String> option :
        List.of(List.of("--json", in("a.json")), List.of("--json=" + in("a")))) {
      String[] all = {"weights", "list", option.getFirst(), option.getLast()};
      assertEquals(0, shell.run(option.size() == 1 ? new String[] {all[0], all[1], all[2]} : all));
      assertFalse(shell.out().startsWith("{"), shell.out());
    }
    assertEquals(Files.readString(Path.of(in("a.json"))), Files.readString(Path.of(in("a"))));
  }

  @Test
  void anErrorIsWrittenInPlaceOfTheResult() throws IOException {
    assertEquals(1, shell.run("graph", in("nobank"), "--json"));
    JsonObject error = error(shell.out());
    assertEquals("bad-input", error.get("kind").getAsString());
    assertEquals(1, error.get("exit-code").getAsInt());
    assertEquals("eigenseg graph", error.get("command").getAsString());
    assertEquals("eigenseg: " + error.get("message").getAsString() + "\n", shell.err());

    Path file = Files.writeString(folder.resolve("old.json"), "{\"images\": 3}");
    assertEquals(1, shell.run("graph", in("nobank"), "--json", file.toString()));
    assertEquals("", shell.out());
    assertEquals(error, error(Files.readString(file)));
  }

  @Test
  void wrongUsageIsAnErrorToo() {
    String[] arguments = {"segment", "-m", "m", "-o", "o", "--crff", "on", "photo", "--json"};
    assertEquals(2, shell.run(arguments));
    JsonObject error = error(shell.out());
    assertEquals("usage", error.get("kind").getAsString());
    assertEquals(2, error.get("exit-code").getAsInt());
    assertEquals("eigenseg segment", error.get("command").getAsString());
    assertEquals("--crf", error.getAsJsonArray("did-you-mean").get(0).getAsString());
    assertEquals("--crf", error.getAsJsonArray("options").get(0).getAsString());
    assertTrue(shell.err().startsWith("eigenseg: " + error.get("message").getAsString()));

    assertEquals(2, shell.run("sgement", "--json=-"));
    assertEquals("segment", error(shell.out()).getAsJsonArray("did-you-mean").get(0).getAsString());
  }

  @Test
  void whatCannotBeWrittenIsSaid() {
    assertEquals(2, shell.run("segment", "--json", in("no/folder.json")));
    assertTrue(shell.err().contains("no JSON either"), shell.err());
    assertEquals("", shell.out());
  }
}
