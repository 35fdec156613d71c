package dev.eigenseg.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.eigenseg.api.ImageGeometry;
import dev.eigenseg.api.Progress;
import dev.eigenseg.train.dataset.GeneratedScenes;
import java.io.IOException;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.io.TempDir;

/** Tests of commands on a bank of four small scenes, whose folder {@code scenes} has labels too. */
abstract class OnSmallBank {
  final Shell shell = new Shell();

  @TempDir Path folder;

  @BeforeEach
  void bank() throws IOException {
    GeneratedScenes.write(
        folder.resolve("scenes"), 4, 2, new ImageGeometry.Size(96, 64), 1, 2, Progress.NONE);
    done("extract", "-o", in("bank"), in("scenes/images/train"));
  }

  final String in(String name) {
    return folder.resolve(name).toString();
  }

  final void done(String... arguments) {
    assertEquals(0, shell.run(arguments), String.join(" ", arguments) + "\n" + shell.err());
  }
}
