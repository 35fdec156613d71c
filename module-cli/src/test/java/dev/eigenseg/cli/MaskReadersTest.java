package dev.eigenseg.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.eigenseg.api.ImageGeometry;
import dev.eigenseg.api.Progress;
import dev.eigenseg.train.dataset.GeneratedScenes;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The tools that masks are written for read them, where they are installed. */
class MaskReadersTest {
  private static final Path SCRIPT = Path.of("src/test/python/check_masks.py");
  private static final int CLUSTERS = 6;

  @TempDir Path folder;

  private final Shell shell = new Shell();

  private String in(String name) {
    return folder.resolve(name).toString();
  }

  private void done(String... arguments) {
    assertEquals(0, shell.run(arguments), String.join(" ", arguments) + "\n" + shell.err());
  }

  private void segment() throws IOException {
    GeneratedScenes.write(
        folder.resolve("scenes"), 3, 1, new ImageGeometry.Size(160, 96), 1, 1, Progress.NONE);
    Path photos = folder.resolve("photos");
    Files.createDirectories(photos.resolve("sub"));
    Path scenes = folder.resolve("scenes/images/train");
    Files.copy(scenes.resolve("scene-0000.png"), photos.resolve("a name.png"));
    Files.copy(scenes.resolve("scene-0001.png"), photos.resolve("b.png"));
    Files.copy(scenes.resolve("scene-0002.png"), photos.resolve("sub/b.png"));
    String[] kmeans = {"--method=kmeans-features", "--clusters=" + CLUSTERS};
    done("extract", "-o", in("bank"), in("photos"));
    done("train", in("bank"), "-o", in("m.safetensors"), kmeans[0], kmeans[1]);
    String names =
        IntStream.range(0, CLUSTERS)
            .mapToObj(i -> "\"%d\": \"%s\"".formatted(i, i < 2 ? "wide: sky" : "thing " + i))
            .collect(Collectors.joining(", ", "{", "}"));
    Files.writeString(folder.resolve("names.json"), names);
    done("match", in("m.safetensors"), "--names", in("names.json"));
    String formats = "--format=coco-rle,polygons,fiftyone,voc,cityscapes";
    done("segment", "-m", in("m.safetensors"), "-o", in("masks"), formats, in("photos"));
  }

  @Test
  void theyFindThePixelsAndNamesOfTheLabelMaps() throws Exception {
    String python = System.getenv("EIGENSEG_PYTHON");
    assumeTrue(
        python != null,
        "EIGENSEG_PYTHON names no Python; with pycocotools, fiftyone (and mongomock), datumaro or torchvision they are tried");
    segment();
    Process check =
        new ProcessBuilder(python, SCRIPT.toString(), in("masks"))
            .redirectErrorStream(true)
            .start();
    String printed = new String(check.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertEquals(0, check.waitFor(), printed);
    System.Logger log = System.getLogger(MaskReadersTest.class.getName());
    log.log(System.Logger.Level.INFO, printed);
    assertTrue(printed.endsWith(" readers\n"), printed);
    assertFalse(printed.endsWith("\n0 readers\n"), printed);
  }
}
