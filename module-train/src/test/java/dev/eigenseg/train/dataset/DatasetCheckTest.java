package dev.eigenseg.train.dataset;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.eigenseg.api.BadInputException;
import dev.eigenseg.api.CancelledException;
import dev.eigenseg.api.ClassFiles;
import dev.eigenseg.api.ClassList;
import dev.eigenseg.api.ClassList.NamedClass;
import dev.eigenseg.api.Progress;
import dev.eigenseg.train.StoppingProgress;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Files that are there but are not what they should be. */
class DatasetCheckTest {
  @TempDir private Path root;
  private TinyTree tree;

  @BeforeEach
  void soundSamples() throws IOException {
    tree = new TinyTree(root);
    ClassList classes = new ClassList(List.of(new NamedClass("a", 1)));
    ClassFiles.write(root.resolve("classes.json"), new ClassFiles.LabelClasses(classes, 9));
    tree.image("images/val/grey.png", 5, 4);
    tree.label("labels/val/grey.png", 5, 4, 0, 9);
    tree.image("images/val/palette.jpg", 6, 4);
    tree.paletteLabel("labels/val/palette.png", 6, 4, 9);
    tree.image("images/val/wide.jpg", 3, 4);
    tree.label("labels/val/wide.png", 3, 4, 300);
  }

  private void check(Progress progress) throws IOException {
    DatasetCheck.run(FolderDataset.open(root, "val"), 2, progress);
  }

  @Test
  void soundFilesPass() throws IOException {
    check(Progress.NONE);
    assertEquals(3, FolderDataset.open(root, "val").samples().size());
  }

  @Test
  void allOddFilesAreListedInOrder() throws IOException {
    tree.lossyLabel("labels/val/grey.png", 5, 4);
    tree.label("labels/val/palette.png", 4, 6);
    tree.text("images/val/wide.jpg", "a web page that says 404");
    String message = assertThrows(BadInputException.class, () -> check(Progress.NONE)).getMessage();
    int last = -1;
    for (String part :
        new String[] {
          "3 problems",
          "grey.png is stored lossily",
          "palette.png is 4 x 6 pixels, its image",
          "is 6 x 4",
          "wide.jpg: not an image",
          "single-channel"
        }) {
      assertTrue(message.indexOf(part) > last, part + " in " + message);
      last = message.indexOf(part);
    }
  }

  @Test
  void turnedPhotographsAndLossyLabelsAreExplained() throws IOException {
    tree.turnedImage("images/val/palette.jpg", 6, 4);
    tree.lossyLabel("labels/val/grey.png", 5, 4);
    tree.label("labels/val/wide.png", 4, 3, 300);
    String message = assertThrows(BadInputException.class, () -> check(Progress.NONE)).getMessage();
    for (String part :
        new String[] {
          "grey.png is stored lossily",
          "palette.png is 6 x 4 pixels, its image",
          "is 4 x 6, since it carries the EXIF orientation 6",
          "as if one of the two were turned"
        }) {
      assertTrue(message.contains(part), part + " in " + message);
    }
    tree.paletteLabel("labels/val/palette.png", 4, 6, 9);
    tree.label("labels/val/grey.png", 5, 4);
    tree.label("labels/val/wide.png", 3, 4);
    check(Progress.NONE);
  }

  @Test
  void stopsWhenAsked() {
    assertThrows(CancelledException.class, () -> check(new StoppingProgress()));
  }
}
