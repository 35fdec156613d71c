package dev.eigenseg.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import org.junit.jupiter.api.Test;

/** {@code graph --plan}: a graph of a bank that is not there. */
class GraphPlanCommandTest {
  private final Shell shell = new Shell();

  private JsonObject plan(String... more) {
    String[] fixed = {"graph", "--plan", "--json", "--cores", "16", "--memory", "64g"};
    String[] all = new String[fixed.length + more.length];
    System.arraycopy(fixed, 0, all, 0, fixed.length);
    System.arraycopy(more, 0, all, fixed.length, more.length);
    assertEquals(0, shell.run(all), shell.err());
    return JsonParser.parseString(shell.out()).getAsJsonObject();
  }

  @Test
  void aLargeGraphIsPlannedWithoutABank() {
    JsonObject json = plan("--rows", "1e7", "--machines", "10", "--price", "1.5");
    assertEquals(10_000_000, json.get("n").getAsLong());
    assertEquals(64, json.get("neighbors").getAsInt());
    assertEquals(20, json.get("parts").getAsInt());
    assertEquals(10_000_000L * 384 * 2, json.get("bank-bytes").getAsLong());
    assertEquals(10_000_000L * 64 * 8, json.get("graph-bytes").getAsLong());
    double search = json.get("search-seconds").getAsDouble();
    double merge = json.get("merge-seconds").getAsDouble();
    assertEquals(search + merge, json.get("seconds").getAsDouble(), 1e-6);
    assertEquals(1.5 / 3600 * (10 * search + merge), json.get("cost").getAsDouble(), 1e-6 * search);
    assertEquals(1, json.get("factor").getAsDouble());
    assertTrue(shell.err().contains("10,000,000 patches"), shell.err());
  }

  @Test
  void measuredRunsFitTheModelAndAreHeldAgainstIt() {
    double once = plan("--rows", "1e6").get("processor-seconds").getAsDouble();
    JsonObject json = plan("--rows", "1e6", "--measured", "60000=48", "--measured", "120000=133");
    double factor = json.get("factor").getAsDouble();
    assertEquals(2, factor, 0.1);
    assertEquals(factor * once, json.get("processor-seconds").getAsDouble(), 1e-6 * once);
    JsonObject first = json.getAsJsonArray("measured").get(0).getAsJsonObject();
    assertEquals(60_000, first.get("n").getAsLong());
    assertEquals(48, first.get("measured-seconds").getAsDouble());
    assertEquals(48, first.get("model-seconds").getAsDouble(), 2);
    assertTrue(shell.err().contains("60,000 patches: measured 48.0 s"), shell.err());
  }

  @Test
  void tooLittleMemoryIsNamed() {
    assertEquals(1, shell.run("graph", "--plan", "--rows", "1e9", "--memory", "2g"));
    assertTrue(shell.err().contains("1,000,000,000 rows"), shell.err());
  }
}
