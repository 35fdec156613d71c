package dev.eigenseg.cli;

import dev.eigenseg.api.Images;
import dev.eigenseg.cli.session.Cancellation;
import dev.eigenseg.cli.session.Surroundings;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;

/**
 * A short run through the usual commands in one process: the launcher records which classes they
 * load, and later starts find these in its cache. A command that fails here, as training does
 * without libtorch, only leaves its classes out.
 */
final class Rehearsal {
  private static final int PHOTOGRAPHS = 2;
  private static final int SIDE = 96;

  private Rehearsal() {}

  /** Argument: an empty folder to work in. */
  public static void main(String[] arguments) throws IOException {
    Path folder = Path.of(arguments[0]);
    String photographs = Files.createDirectories(folder.resolve("photographs")).toString();
    String bank = folder.resolve("bank").toString();
    String model = folder.resolve("model.safetensors").toString();
    for (int i = 0; i < PHOTOGRAPHS; i++) {
      Images.writePng(noise(new Random(i)), Path.of(photographs, i + ".png"));
    }
    PrintStream nowhere = new PrintStream(OutputStream.nullOutputStream());
    Surroundings surroundings = new Surroundings(nowhere, nowhere, false, new Cancellation());
    for (List<String> command :
        List.of(
            List.of("info"),
            List.of("extract", "-o", bank, photographs),
            List.of("graph", bank, "--neighbors", "4"),
            List.of("train", bank, "-o", model, "--clusters", "2", "--epochs", "1"),
            List.of("segment", "-m", model, "-o", folder.resolve("out").toString(), photographs))) {
      Main.run(surroundings, command.toArray(String[]::new));
    }
  }

  private static BufferedImage noise(Random random) {
    BufferedImage image = new BufferedImage(SIDE, SIDE, BufferedImage.TYPE_INT_RGB);
    for (int i = 0; i < SIDE * SIDE; i++) {
      image.setRGB(i % SIDE, i / SIDE, random.nextInt(1 << 24));
    }
    return image;
  }
}
