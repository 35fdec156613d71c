package dev.eigenseg.cli;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import dev.eigenseg.api.internal.file.Hashes;
import dev.eigenseg.api.internal.file.OutputLock;
import dev.eigenseg.api.internal.file.SafeTensorsWriter;
import dev.eigenseg.api.tensor.Tensor;
import dev.eigenseg.cli.input.Catalogue;
import dev.eigenseg.cli.weights.Pull;
import java.io.IOException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.SequencedMap;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Published weights: what is fetched from a server on this machine, however that one behaves. */
class WeightsTest {
  private static final String NAME = "vit_small_patch16_224.dino";
  private static final String PATH = "/timm/" + NAME + "/resolve/main/model.safetensors";
  private static final String CONFIG = "{\"architecture\": \"vit_small_patch16_224\"}";

  @TempDir Path folder;

  private final Shell shell = new Shell();
  private MirrorServer server;
  private byte[] weights;
  private MirrorServer.Served served;
  private Path target;
  private Path part;

  @BeforeEach
  void serve() throws IOException {
    server = new MirrorServer();
    weights = checkpoint();
    served = server.serve(PATH, weights);
    server.serve(
        PATH.replace("model.safetensors", "config.json"), CONFIG.getBytes(StandardCharsets.UTF_8));
    target = folder.resolve("cache").resolve(NAME + ".safetensors");
    part = folder.resolve("cache").resolve(NAME + ".safetensors.part");
  }

  @AfterEach
  void stop() throws IOException {
    server.close();
  }

  private byte[] checkpoint() throws IOException {
    Path file = folder.resolve("published");
    Random random = new Random(5);
    float[] values = new float[100_000];
    for (int i = 0; i < values.length; i++) {
      values[i] = random.nextFloat();
    }
    try (Tensor tensor = Tensor.of(values, 100, 1000)) {
      SequencedMap<String, Tensor> tensors = new LinkedHashMap<>();
      tensors.put("head.weight", tensor);
      SafeTensorsWriter.write(file, Map.of(), tensors);
    }
    return Files.readAllBytes(file);
  }

  private int pull(String... more) {
    String[] arguments = {
      "weights", "pull", NAME, "--from", server.url() + "/timm", "-o", folder + "/cache"
    };
    String[] all = Arrays.copyOf(arguments, arguments.length + more.length);
    System.arraycopy(more, 0, all, arguments.length, more.length);
    return shell.run(all);
  }

  private void pulled(String... more) throws IOException {
    assertEquals(0, pull(more), shell.err());
    assertArrayEquals(weights, Files.readAllBytes(target));
    assertFalse(Files.exists(part), "the part is left");
    assertFalse(Files.exists(part.resolveSibling(part.getFileName() + ".json")));
  }

  private String fails(String... more) {
    assertEquals(1, pull(more), shell.out());
    assertFalse(Files.exists(target), "a file under the final name");
    assertFalse(shell.err().contains("unexpected failure"), shell.err());
    return shell.err();
  }

  private JsonObject json() {
    return JsonParser.parseString(shell.out()).getAsJsonObject();
  }

  @Test
  void aWholeFileComesWithItsConfiguration() throws IOException {
    pulled("--json", "-");
    assertEquals(Hashes.sha256(target), json().get("sha256").getAsString());
    assertEquals("nothing", json().get("compared-with").getAsString());
    assertEquals(
        CONFIG, Files.readString(target.resolveSibling(NAME + ".json")), "the configuration");
    assertEquals(
        Hashes.sha256(target) + "  " + target.getFileName() + "\n",
        Files.readString(target.resolveSibling(target.getFileName() + ".sha256")));

    int before = server.requests().size();
    pulled("--json", "-");
    assertTrue(json().get("already-there").getAsBoolean());
    assertEquals("first pull", json().get("compared-with").getAsString());
    assertEquals(before, server.requests().size(), server.requests().toString());
  }

  @Test
  void aCutConnectionIsContinuedWhereItEnded() throws IOException {
    served.cutAfter = 150_000;
    assertTrue(fails().contains("the same command again continues"), shell.err());
    long have = Files.size(part);
    assertTrue(have > 0 && have <= 150_000, "kept " + have);
    served.cutAfter = Integer.MAX_VALUE;
    pulled("--json", "-");
    assertEquals(have, json().get("resumed-from").getAsLong());
    assertTrue(server.requests().contains(PATH + " bytes=" + have + "-"), server.requests() + "");
  }

  @Test
  void aFileThatChangedInTheMeantimeIsFetchedWhole() throws IOException {
    served.cutAfter = 150_000;
    fails();
    weights = weights.clone();
    weights[weights.length - 1] ^= 1;
    weights[weights.length - 390_000] ^= 1; // in what has come already
    served.content = weights;
    served.etag = "\"second\"";
    served.cutAfter = Integer.MAX_VALUE;
    pulled();
  }

  @Test
  void aServerThatIgnoresRangesOrTagsSendsAllOfIt() throws IOException {
    served.cutAfter = 150_000;
    fails();
    served.ranges = false;
    served.cutAfter = Integer.MAX_VALUE;
    pulled("--json", "-");
    assertEquals(0, json().get("resumed-from").getAsLong());
  }

  @Test
  void withoutATagNothingIsContinued() throws IOException {
    served.etag = "W/\"weak\"";
    served.cutAfter = 150_000;
    fails();
    served.cutAfter = Integer.MAX_VALUE;
    pulled("--json", "-");
    assertEquals(0, json().get("resumed-from").getAsLong());
    assertFalse(server.requests().toString().contains("bytes="), server.requests().toString());
  }

  @Test
  void aWholePartIsNotFetchedAgain() throws IOException {
    served.cutAfter = 150_000;
    fails();
    Files.write(part, weights); // as if the end came before the renaming
    pulled("--json", "-");
    assertEquals(weights.length, json().get("resumed-from").getAsLong());

    Files.delete(target);
    served.cutAfter = 150_000;
    fails();
    Files.write(part, Arrays.copyOf(weights, weights.length + 1)); // longer than the file
    served.cutAfter = Integer.MAX_VALUE;
    pulled();
  }

  @Test
  void aPartOfAnotherAddressIsNotContinued() throws IOException {
    served.cutAfter = 150_000;
    fails();
    String other = "/files/other.safetensors";
    server.serve(other, weights);
    assertEquals(
        0,
        shell.run("weights", "pull", NAME, "--from", server.url() + other, "-o", target.toString()),
        shell.err());
    assertArrayEquals(weights, Files.readAllBytes(target));
    assertTrue(server.requests().contains(other + " whole"), server.requests().toString());
  }

  @Test
  void aWrongHashIsSaidAndNothingTakesTheName() throws IOException {
    String claimed = "0".repeat(64);
    served.headers = Map.of("X-Linked-Etag", "\"" + claimed + "\"");
    String err = fails();
    assertTrue(err.contains(claimed) && err.contains("--overwrite"), err);
    assertTrue(Files.exists(part), "what came is kept");
    assertTrue(fails().contains(claimed), "the same again");
    served.headers = Map.of("X-Linked-Etag", "\"" + Hashes.sha256(part) + "\"");
    pulled("--overwrite", "--json", "-");
    assertEquals("server", json().get("compared-with").getAsString());

    String known = "vit_small_patch8_224.dino";
    server.serve("/timm/" + known + "/resolve/main/model.safetensors", weights);
    String[] command = {
      "weights", "pull", known, "--from", server.url() + "/timm", "-o", folder.toString()
    };
    assertEquals(1, shell.run(command));
    assertTrue(shell.err().contains(Catalogue.find(known).orElseThrow().sha256().orElseThrow()));
    assertFalse(Files.exists(folder.resolve(known + ".safetensors")));
  }

  @Test
  void whatIsNoCheckpointIsRefused() {
    served.content = "<!DOCTYPE html><p>Log in first.</p>".getBytes(StandardCharsets.UTF_8);
    assertTrue(fails().contains("safetensors"), shell.err());
  }

  @Test
  void missingFilesAndServersAreNamed() throws IOException {
    served.status = 503;
    assertTrue(fails().contains("503"), shell.err());
    served.location = server.url() + "/nowhere";
    String err = fails();
    assertTrue(err.contains("404") && err.contains("/nowhere"), err);
    server.close();
    err = fails();
    assertTrue(err.contains("cannot reach") && err.contains("--from"), err);
  }

  @Test
  void redirectsAreFollowedAlsoWhenContinuing() throws IOException {
    String elsewhere = "/cdn/blob";
    MirrorServer.Served blob = server.serve(elsewhere, weights);
    blob.cutAfter = 100_000;
    served.location = server.url() + elsewhere;
    served.headers =
        Map.of("X-Linked-Etag", "\"" + Hashes.sha256(folder.resolve("published")) + "\"");
    fails();
    blob.cutAfter = Integer.MAX_VALUE;
    pulled("--json", "-");
    assertTrue(json().get("resumed-from").getAsLong() > 0);
    assertEquals("server", json().get("compared-with").getAsString());
  }

  @Test
  void aLengthThatIsNotTrueIsNoticed() throws IOException {
    served.lie = 1000;
    assertTrue(fails().contains("by its header"), shell.err());
    served.lie = -1000;
    assertTrue(fails("--overwrite").contains("safetensors"), shell.err());
    served.lie = 0;
    pulled("--overwrite");
  }

  @Test
  void anInterruptKeepsWhatCame() throws Exception {
    served.cutAfter = 150_000;
    served.stall = true;
    Thread interrupt =
        Thread.ofVirtual()
            .start(() -> {
              long deadline = System.nanoTime() + Duration.ofSeconds(30).toNanos();
              while (System.nanoTime() < deadline && size(part) < 100_000) {
                Thread.onSpinWait();
              }
              shell.cancellation().request();
            });
    assertEquals(130, pull(), shell.err());
    interrupt.join();
    assertFalse(Files.exists(target));
    long have = Files.size(part);
    assertTrue(have >= 100_000, "kept " + have);

    served.cutAfter = Integer.MAX_VALUE;
    served.stall = false;
    Shell again = new Shell();
    assertEquals(
        0,
        again.run(
            "weights", "pull", NAME, "--from", server.url() + "/timm", "-o", folder + "/cache"),
        again.err());
    assertTrue(again.out().contains("continued after " + have), again.out());
  }

  private static long size(Path file) {
    try {
      return Files.exists(file) ? Files.size(file) : 0;
    } catch (IOException e) {
      return 0; // gone in between
    }
  }

  /** How a pull ends that waits for this long. */
  private IOException gaveUpAfter(Duration patience) {
    Pull pull =
        new Pull(
            shell.session(), URI.create(server.url() + PATH), target, Optional.empty(), patience);
    return assertThrows(IOException.class, () -> pull.run(false));
  }

  @Test
  void aSilentServerIsLeft() throws IOException {
    served.cutAfter = 1000;
    served.stall = true;
    IOException error = gaveUpAfter(Duration.ofMillis(300));
    assertTrue(error.getMessage().contains("nothing came"), error.getMessage());
    assertFalse(Files.exists(target));
  }

  @Test
  void twoPullsOfOneFileDoNotMeet() throws IOException {
    Files.createDirectories(target.getParent());
    try (OutputLock _ = OutputLock.ofFile(target)) {
      assertTrue(fails().contains("writing it already"), shell.err());
    }
    pulled();
  }

  @Test
  void whatIsLargerThanItsHeaderSaysIsNotTakenToTheDisk() throws IOException {
    served.content = Arrays.copyOf(weights, weights.length + 8_000_000);
    assertTrue(fails().contains("by its header"), shell.err());
    assertFalse(Files.exists(part), "a part that is no part of it");
    served.content = new byte[8_000_000];
    assertTrue(fails().contains("safetensors"), shell.err());
    assertFalse(Files.exists(part), "zeros are kept");
  }

  @Test
  void aServerThatTricklesIsLeft() throws IOException {
    served.cutAfter = 1000;
    served.trickle = true;
    IOException error = gaveUpAfter(Duration.ofSeconds(1));
    assertTrue(error.getMessage().contains("hardly anything"), error.getMessage());
  }

  @Test
  void aConfigurationThatNeverEndsHoldsNothingUp() throws IOException {
    MirrorServer.Served config =
        server.serve(
            PATH.replace("model.safetensors", "config.json"),
            CONFIG.getBytes(StandardCharsets.UTF_8));
    config.cutAfter = 10;
    config.stall = true;
    IOException error = gaveUpAfter(Duration.ofMillis(300));
    assertTrue(error.getMessage().contains("nothing came"), error.getMessage());
    assertArrayEquals(weights, Files.readAllBytes(target), "the weights came before");
  }

  @Test
  void listShowsTheCatalogue() {
    assertEquals(0, shell.run("weights", "list"), shell.err());
    assertTrue(shell.out().contains("vit_small_patch16_384.augreg_in21k_ft_in1k"), shell.out());
    assertEquals(0, shell.run("weights", "list", "--json", "-"), shell.err());
    for (var element : json().getAsJsonArray("weights")) {
      JsonObject entry = element.getAsJsonObject();
      assertTrue(entry.get("url").getAsString().endsWith("/resolve/main/model.safetensors"));
      assertTrue(entry.get("megabytes").getAsInt() > 0 && entry.has("licence"), entry.toString());
      if (entry.has("sha256")) {
        assertTrue(entry.get("sha256").getAsString().matches("[0-9a-f]{64}"), entry.toString());
      }
    }
  }

  @Test
  void verifyFindsWhatChanged() throws IOException {
    pulled();
    assertEquals(0, shell.run("weights", "verify", target.toString(), "--json", "-"), shell.err());
    assertTrue(json().get("verdict").getAsString().startsWith("good"), shell.out());

    byte[] changed = weights.clone();
    changed[changed.length - 1] ^= 1;
    Files.write(target, changed);
    assertEquals(1, shell.run("weights", "verify", target.toString(), "--json", "-"));
    assertTrue(json().get("verdict").getAsString().startsWith("wrong"), shell.out());
    assertTrue(shell.err().contains("--overwrite"), shell.err());
    assertEquals(1, pull(), "a changed file is not taken for the one that was pulled");

    Files.write(target, Arrays.copyOf(weights, 1000));
    assertEquals(1, shell.run("weights", "verify", target.toString()));
    assertTrue(shell.err().contains(target.toString()), shell.err());

    Path published = folder.resolve("published.safetensors");
    Files.write(published, weights);
    assertEquals(0, shell.run("weights", "verify", published.toString()), shell.err());
    assertTrue(shell.out().contains("nothing here knows"), shell.out());
    Path known = folder.resolve("vit_small_patch8_224.dino.safetensors");
    Files.write(known, weights);
    assertEquals(1, shell.run("weights", "verify", known.toString()));
    assertTrue(shell.err().contains("catalogue"), shell.err());
  }

  @Test
  void wrongUsageIsCodeTwo() {
    String[][] wrong = {
      {"weights"},
      {"weights", "push"},
      {"weights", "pull"},
      {"weights", "pull", "vit_of_nobody"},
      {"weights", "pull", "x", "--from", "ftp://127.0.0.1/x"},
      {"weights", "pull", "x", "--from", "no address"},
      {"weights", "pull", "../x", "--from", "http://127.0.0.1:1/"},
      {"weights", "verify"}
    };
    for (String[] arguments : wrong) {
      assertEquals(2, shell.run(arguments), String.join(" ", arguments) + "\n" + shell.err());
    }
  }
}
