package dev.eigenseg.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import dev.eigenseg.api.ImageGeometry.Size;
import dev.eigenseg.api.Progress;
import dev.eigenseg.api.Segmentation;
import dev.eigenseg.api.Segmenter;
import dev.eigenseg.api.mask.MaskRuns;
import dev.eigenseg.api.spi.BackboneProvider;
import dev.eigenseg.train.dataset.GeneratedScenes;
import java.awt.image.BufferedImage;
import java.io.File;
import java.io.IOException;
import java.lang.module.Configuration;
import java.lang.module.ModuleFinder;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;
import java.util.ServiceLoader;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The examples of the documentation, compiled as one module, each run in a process of its own. */
@Timeout(300)
class ExamplesTest {
  private static final Path EXAMPLES =
      Path.of("").toAbsolutePath().getParent().resolve("docs/examples");
  private static final Path JAVA_BIN = Path.of(System.getProperty("java.home"), "bin");

  // The paths with which this test itself was started.
  private static final String MODULE_PATH = System.getProperty("jdk.module.path");
  private static final String CLASS_PATH = System.getProperty("java.class.path");

  @TempDir static Path folder;

  private static Path app;
  private static Path photos;
  private static Path model;

  @BeforeAll
  static void compile() throws Exception {
    GeneratedScenes.write(folder.resolve("all"), 9, 1, new Size(160, 96), 3, 2, Progress.NONE);
    photos = folder.resolve("all/images").resolve(GeneratedScenes.TRAIN);
    app = folder.resolve("app");
    List<String> command =
        new ArrayList<>(List.of("-Xlint:all,-incubating", "-Werror", "-p", MODULE_PATH));
    command.addAll(List.of("-d", app.toString()));
    try (Stream<Path> sources = Files.walk(EXAMPLES)) {
      sources.map(Path::toString).filter(name -> name.endsWith(".java")).forEach(command::add);
    }
    finish(start("javac", command));
    // The model that the others use is the work of an example, on the backbone of another.
    finish(start("java", onModules("Train", "mean-color", photos.toString(), work().toString())));
    model = work().resolve("model.safetensors");
  }

  private static Path work() {
    return folder.resolve("work");
  }

  private static List<String> onModules(String example, String... arguments) {
    List<String> command =
        new ArrayList<>(
            List.of(
                "-Dai.djl.offline=true",
                "--enable-native-access=ALL-UNNAMED,ai.djl.api,ai.djl.pytorch_engine,dev.eigenseg.api,dev.eigenseg.graph",
                "-p",
                MODULE_PATH + File.pathSeparator + app,
                "-cp",
                CLASS_PATH,
                "-m",
                "your.app/your.app." + example));
    command.addAll(List.of(arguments));
    return command;
  }

  private record Running(Process process, Path log) {}

  private static Running start(String tool, List<String> arguments) throws IOException {
    List<String> command = new ArrayList<>(List.of(JAVA_BIN.resolve(tool).toString()));
    command.addAll(arguments);
    Path log = Files.createTempFile(folder, "process", ".log");
    return new Running(
        new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(log.toFile()).start(),
        log);
  }

  private static String finish(Running running) throws Exception {
    if (!running.process.waitFor(3, TimeUnit.MINUTES)) {
      running.process.destroyForcibly();
      throw new AssertionError("did not end: " + Files.readString(running.log));
    }
    String output = Files.readString(running.log);
    assertEquals(0, running.process.exitValue(), output);
    return output;
  }

  private static List<Path> files(Path place) throws IOException {
    try (Stream<Path> files = Files.list(place)) {
      return files.sorted().toList();
    }
  }

  @Test
  void trainingInTenLinesOnABackboneOfOnesOwn() throws Exception {
    List<Path> masks = files(work().resolve("masks"));
    assertEquals(9, masks.size());
    assertEquals(160, ImageIO.read(masks.getFirst().toFile()).getWidth());
    String code = Files.readString(EXAMPLES.resolve("your/app/Train.java"));
    long statements =
        Pattern.compile("^  .*[;{]", Pattern.MULTILINE).matcher(code).results().count();
    assertTrue(statements <= 12, statements + " lines of code, with the class's constructor");
  }

  @Test
  void featuresOfAnImageAndTheClassPath() throws Exception {
    String photo = files(photos).getFirst().toString();
    String found = finish(start("java", onModules("Features", "descriptor", photo)));
    assertTrue(found.contains("10 x 6 patches of "), found);
    // Own providers are found on the class path too, by META-INF/services.
    List<String> command =
        List.of(
            "--add-modules",
            "jdk.incubator.vector",
            "-cp",
            String.join(
                File.pathSeparator, app.toString(), EXAMPLES.toString(), MODULE_PATH, CLASS_PATH),
            "your.app.Features",
            "mean-color",
            photo);
    String own = finish(start("java", command));
    assertTrue(own.contains("20 x 12 patches of 4 channels"), own);
  }

  @Test
  void aFolderWithBackPressure() throws Exception {
    Path mixed = Files.createDirectories(folder.resolve("mixed"));
    for (Path photo : files(photos)) {
      Files.copy(photo, mixed.resolve(photo.getFileName()));
    }
    Files.writeString(mixed.resolve("notes.txt"), "no image");
    Path masks = folder.resolve("masks");
    String output =
        finish(
            start(
                "java",
                onModules("SegmentFolder", model.toString(), mixed.toString(), masks.toString())));
    assertTrue(output.contains("left out: ") && output.contains("notes.txt"), output);
    assertEquals(9, files(masks).size());
    try (Segmenter segmenter = segmenter()) {
      for (Path photo : files(photos)) {
        BufferedImage mask = ImageIO.read(masks.resolve(photo.getFileName() + ".png").toFile());
        Segmentation expected = segmenter.segment(photo);
        for (int y = 0; y < mask.getHeight(); y++) {
          for (int x = 0; x < mask.getWidth(); x++) {
            assertEquals(expected.clusterAt(x, y), mask.getRaster().getSample(x, y, 0));
          }
        }
      }
    }
  }

  /** The same model in this process, with the backbone of the example. */
  private static Segmenter segmenter() throws Exception {
    ModuleLayer boot = ModuleLayer.boot();
    Configuration configuration =
        boot.configuration().resolve(ModuleFinder.of(app), ModuleFinder.of(), Set.of("your.app"));
    ModuleLayer layer =
        boot.defineModulesWithOneLoader(configuration, ClassLoader.getSystemClassLoader());
    ExamplesTest.class.getModule().addUses(BackboneProvider.class);
    BackboneProvider provider =
        ServiceLoader.load(layer, BackboneProvider.class).stream()
            .map(ServiceLoader.Provider::get)
            .filter(each -> each.scheme().equals("mean-color"))
            .findFirst()
            .orElseThrow();
    return Segmenter.load(model, provider.open("", "cpu", Map.of()));
  }

  private static final HttpClient CLIENT = HttpClient.newHttpClient();

  private record Service(Running running, int port) {
    static Service start(int limit, String seconds) throws Exception {
      Running running =
          ExamplesTest.start(
              "java",
              onModules("Service", model.toString(), "0", Integer.toString(limit), seconds));
      Pattern listening = Pattern.compile("listening on (\\d+)");
      while (running.process.isAlive()) {
        var found = listening.matcher(Files.readString(running.log));
        if (found.find()) {
          return new Service(running, Integer.parseInt(found.group(1)));
        }
        Thread.sleep(20);
      }
      throw new AssertionError(Files.readString(running.log));
    }

    HttpResponse<String> get(String path) throws Exception {
      return CLIENT.send(request(path).build(), BodyHandlers.ofString());
    }

    HttpRequest.Builder request(String path) {
      return HttpRequest.newBuilder(URI.create("http://localhost:" + port + path));
    }

    CompletableFuture<HttpResponse<String>> post(byte[] image) {
      return CLIENT.sendAsync(
          request("/segment").POST(BodyPublishers.ofByteArray(image)).build(),
          BodyHandlers.ofString());
    }

    void kill() throws Exception {
      running.process.destroyForcibly().waitFor();
    }
  }

  @Test
  void aServiceAnswersAndStops() throws Exception {
    Service service = Service.start(2, "60");
    try {
      assertEquals("ok", service.get("/health").body());
      Path photo = files(photos).getFirst();
      HttpResponse<String> answer = service.post(Files.readAllBytes(photo)).get();
      assertEquals(200, answer.statusCode(), answer.body());
      assertMasks(photo, JsonParser.parseString(answer.body()).getAsJsonObject());
      assertEquals(405, service.get("/segment").statusCode());
      HttpResponse<String> bad = service.post(new byte[] {1, 2, 3}).get();
      assertEquals(422, bad.statusCode());
      assertTrue(bad.body().contains("image"), bad.body());
      String metrics = service.get("/metrics").body();
      assertTrue(metrics.contains("eigenseg_responses_total{code=\"200\"} 2\n"), metrics);
      assertTrue(metrics.contains("eigenseg_responses_total{code=\"422\"} 1\n"), metrics);
      assertTrue(metrics.contains("eigenseg_images_in_work 0\n"), metrics);
      assertTrue(metrics.contains("eigenseg_image_seconds_count 2\n"), metrics);
      // What is under way when the process is told to stop is still answered.
      CompletableFuture<HttpResponse<String>> last = service.post(large(2500));
      awaitWork(service, 1);
      service.running.process.destroy();
      assertEquals(200, last.get().statusCode());
      assertTrue(service.running.process.waitFor(30, TimeUnit.SECONDS));
    } finally {
      service.kill();
    }
  }

  private static void assertMasks(Path photo, JsonObject json) throws Exception {
    assertEquals(160, json.get("width").getAsInt());
    assertEquals(96, json.get("height").getAsInt());
    JsonArray classes = json.getAsJsonArray("classes");
    try (Segmenter segmenter = segmenter()) {
      SequencedMap<Integer, MaskRuns> expected = segmenter.segment(photo).clusterRuns();
      assertEquals(expected.size(), classes.size());
      for (JsonElement element : classes) {
        JsonObject found = element.getAsJsonObject();
        MaskRuns mask = expected.get(found.get("index").getAsInt());
        JsonObject rle = found.getAsJsonObject("segmentation");
        assertEquals(mask.text(), rle.get("counts").getAsString());
        assertEquals("[96,160]", rle.get("size").toString());
        assertEquals(mask.area() / (160.0 * 96), found.get("share").getAsDouble(), 1e-12);
      }
    }
  }

  private static byte[] large(int side) throws IOException {
    BufferedImage image = new BufferedImage(side, side, BufferedImage.TYPE_INT_RGB);
    for (int y = 0; y < side; y++) {
      for (int x = 0; x < side; x++) {
        image.setRGB(x, y, ((x / 40) * 7919) ^ ((y / 40) * 104729));
      }
    }
    Path file = folder.resolve("large-" + side + ".png");
    ImageIO.write(image, "png", file.toFile());
    return Files.readAllBytes(file);
  }

  private static void awaitWork(Service service, int images) throws Exception {
    while (!service.get("/metrics").body().contains("eigenseg_images_in_work " + images)) {
      Thread.sleep(5);
    }
  }

  @Test
  void aServiceThatIsBusySaysWhenToComeAgain() throws Exception {
    Service service = Service.start(1, "60");
    try {
      CompletableFuture<HttpResponse<String>> first = service.post(large(4000));
      awaitWork(service, 1);
      HttpResponse<String> second =
          service.post(Files.readAllBytes(files(photos).getFirst())).get();
      assertEquals(503, second.statusCode(), second.body());
      assertEquals("61", second.headers().firstValue("Retry-After").orElseThrow());
      assertEquals(200, first.get().statusCode());
    } finally {
      service.kill();
    }
  }

  @Test
  void aServiceEndsWhatTakesTooLong() throws Exception {
    Service service = Service.start(1, "0.05");
    try {
      HttpResponse<String> late = service.post(large(4000)).get();
      assertEquals(504, late.statusCode(), late.body());
      assertTrue(service.get("/metrics").body().contains("eigenseg_images_in_work 0\n"));
    } finally {
      service.kill();
    }
  }
}
