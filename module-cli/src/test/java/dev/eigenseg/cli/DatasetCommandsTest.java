package dev.eigenseg.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** From a dataset in its own layout to scores. */
class DatasetCommandsTest {
  private static final int WIDTH = 64;
  private static final int HEIGHT = 32;
  private static final List<String> FRAMES =
      List.of("ulm/ulm_000000_000019", "jena/jena_000000_000019");

  private final Shell shell = new Shell();

  @TempDir private Path folder;

  @BeforeEach
  void cityscapesOfTwoFrames() throws IOException {
    for (String frame : FRAMES) {
      BufferedImage image = new BufferedImage(WIDTH, HEIGHT, BufferedImage.TYPE_INT_RGB);
      BufferedImage label = new BufferedImage(WIDTH, HEIGHT, BufferedImage.TYPE_BYTE_GRAY);
      Random random = new Random(frame.hashCode());
      for (int i = 0; i < WIDTH * HEIGHT; i++) {
        boolean sky = i < WIDTH * HEIGHT / 2;
        int noise = random.nextInt(16);
        image.setRGB(i % WIDTH, i / WIDTH, sky ? 0x90b0f0 + noise : 0x505050 + noise);
        label.getRaster().setSample(i % WIDTH, i / WIDTH, 0, sky ? 23 : 7);
      }
      write(image, "leftImg8bit/train/" + frame + "_leftImg8bit.png");
      write(label, "gtFine/train/" + frame + "_gtFine_labelIds.png");
    }
  }

  private void write(BufferedImage image, String path) throws IOException {
    Path file = folder.resolve("city").resolve(path);
    Files.createDirectories(file.getParent());
    ImageIO.write(image, "png", file.toFile());
  }

  private int run(String command, String name, String... more) {
    String[] arguments = new String[more.length + 7];
    arguments[0] = command;
    System.arraycopy(more, 0, arguments, 1, more.length);
    System.arraycopy(
        new String[] {
          "--dataset", name, "--root", folder.resolve("city").toString(), "--split", "train"
        },
        0,
        arguments,
        more.length + 1,
        6);
    return shell.run(arguments);
  }

  /** K-means with two clusters on the images of a dataset. */
  private String model(String dataset) {
    String bank = folder.resolve("bank").toString();
    String model = folder.resolve("model.safetensors").toString();
    assertEquals(0, run("extract", dataset, "-o", bank), shell.err());
    assertTrue(shell.out().contains("2 images"), shell.out());
    assertEquals(
        0,
        shell.run("train", bank, "-o", model, "--clusters=2", "--method=kmeans-features"),
        shell.err());
    return model;
  }

  @Test
  void imagesOfADatasetAreExtractedAndScored() {
    String model = model("cityscapes-19");
    assertEquals(0, run("match", "cityscapes-27", model), shell.err());
    assertEquals(0, run("evaluate", "cityscapes-27", "--match=stored", model), shell.err());
    assertTrue(shell.out().contains("2975 images as published, here are 2"), shell.out());
    assertTrue(shell.out().contains("2 (without sidewalk"), shell.out());
  }

  @Test
  void protocolsSayWhetherTheyAreThePublishedOnes() {
    String model = model("cityscapes-27");
    String crop = "--protocol=center-crop-320";
    assertEquals(0, run("evaluate", "cityscapes-27", crop, "--crf=both", model), shell.err());
    assertTrue(shell.out().contains("as published for cityscapes-27)"), shell.out());
    String sliding = "--protocol=sliding-window";
    String[] small = {sliding, "--window=32", "--stride=16", "--size=own", "--json=-", model};
    assertEquals(0, run("evaluate", "cityscapes-19", small), shell.err());
    assertTrue(shell.err().contains("for cityscapes-19 but for the views)"), shell.err());
    JsonObject json = JsonParser.parseString(shell.out()).getAsJsonObject();
    assertEquals("sliding-window", json.get("protocol").getAsString());
    JsonObject settings = json.getAsJsonObject("settings");
    assertEquals("32", settings.get("window").getAsString());
    assertEquals("16", settings.get("stride").getAsString());
    // Half sky and half road, at the labels' own resolution.
    JsonObject first = json.getAsJsonArray("results").get(0).getAsJsonObject();
    assertTrue(first.get("miou").getAsDouble() > 90, first.toString());
  }

  @Test
  void namesAreMatchedUnderAProtocol() throws IOException {
    String model = model("cityscapes-27");
    // Above the road there is sky in the middle, and buildings, which look alike, left and right.
    BufferedImage label = new BufferedImage(WIDTH, HEIGHT, BufferedImage.TYPE_BYTE_GRAY);
    for (int i = 0; i < WIDTH * HEIGHT; i++) {
      boolean middle = Math.abs(i % WIDTH - WIDTH / 2) < 15;
      int above = middle ? 23 : 11;
      label.getRaster().setSample(i % WIDTH, i / WIDTH, 0, i < WIDTH * HEIGHT / 2 ? above : 7);
    }
    for (String frame : FRAMES) {
      write(label, "gtFine/train/" + frame + "_gtFine_labelIds.png");
    }
    assertEquals(Set.of("road", "building"), names("whole-image", model));
    assertEquals(Set.of("road", "sky"), names("center-crop-320", model));
  }

  private Set<String> names(String protocol, String model) {
    String[] options = {"--protocol=" + protocol, "--json=-", model};
    assertEquals(0, run("match", "cityscapes-27", options), shell.err());
    JsonObject json = JsonParser.parseString(shell.out()).getAsJsonObject();
    assertEquals(protocol, json.get("protocol").getAsString());
    Set<String> names = new HashSet<>();
    json.getAsJsonArray("clusters").forEach(name -> names.add(name.getAsString()));
    return names;
  }

  @Test
  void windowsHaveToBeGivenWhereNoneArePublished() {
    String sliding = "--protocol=sliding-window";
    assertEquals(2, run("evaluate", "folder", sliding, "model"), shell.err());
    assertTrue(shell.err().contains("--window"), shell.err());
    assertEquals(2, run("match", "folder", sliding, "model"), shell.err());
    assertTrue(shell.err().contains("--window"), shell.err());
  }

  @Test
  void oddFilesAreListedBeforeTheWork() throws IOException {
    BufferedImage small = new BufferedImage(9, 9, BufferedImage.TYPE_BYTE_GRAY);
    write(small, "gtFine/train/ulm/ulm_000000_000019_gtFine_labelIds.png");
    write(small, "leftImg8bit/train/jena/jena_000000_000019_leftImg8bit.png");
    Path bank = folder.resolve("bank");
    assertEquals(1, run("extract", "cityscapes-19", "-o", bank.toString()));
    assertTrue(shell.err().contains("2 problems"), shell.err());
    assertFalse(Files.exists(bank));
  }

  @Test
  void imageNetIsThereToLearnFromAlone() throws IOException {
    Path split = Files.createDirectories(folder.resolve("city/train/n01440764"));
    Files.copy(
        folder.resolve("city/leftImg8bit/train/ulm/ulm_000000_000019_leftImg8bit.png"),
        split.resolve("n01440764_1.png"));
    String bank = folder.resolve("bank").toString();
    assertEquals(0, run("extract", "imagenet", "-o", bank), shell.err());
    assertTrue(shell.out().contains("1 images"), shell.out());
    assertEquals(1, run("evaluate", "imagenet", "model"));
    assertTrue(shell.err().contains("to learn from"), shell.err());
  }
}
