package dev.eigenseg.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** A mistyped word is answered with the known one, and with the help of the option it is about. */
class DidYouMeanTest {
  private final Shell shell = new Shell();

  private String error(String line) {
    assertEquals(2, shell.run(line.split(" ")), line + "\n" + shell.err());
    assertEquals("", shell.out());
    return shell.err();
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = ';',
      value = {
        "sgement -m m; 'segment'",
        "weights pul x; 'pull'",
        "help sgement; 'segment'",
        "segment -m m -o o --widnow=3 photo; '--window'",
        "segment -m m -o o --wind 3 photo; '--window'",
        "segment -m m -o o --crf onn photo; 'on'",
        "segment -m m -o o --format coco-rle,polygon photo; 'polygons'",
        "evaluate --dataset cityscape-19 --root r --split s m; 'cityscapes-19'",
        "evaluate --dataset folder --root r --split s --match iuo m; 'iou'",
        "train bank -o m --clusters 8 --method kmean-features; 'kmeans-features'",
        "train bank -o m --preset cityscape; 'cityscapes'",
        "graph bank --engine vectr; 'vector'",
        "extract -b vti:x.safetensors -o bank photos; 'vit:x.safetensors'",
        "extract -b descriptr -o bank photos; 'descriptor'",
        "weights pull vit_smal_patch16_224.dino; 'vit_small_patch16_224.dino'",
        "weights pull dinov3-small; 'vit_small_patch16_dinov3.lvd1689m'",
        "generate-completion fihs; 'fish'",
      })
  void whatIsNearIsOffered(String line, String meant) {
    String first = error(line).lines().findFirst().orElseThrow();
    assertTrue(first.contains("did you mean '" + meant.replace("'", "") + "'"), shell.err());
  }

  @Test
  void whatIsFarFromEverythingIsNot() {
    for (String line :
        new String[] {"paint", "weights pull xyz", "train bank --colour-of-the-sky"}) {
      assertFalse(error(line).contains("did you mean"), shell.err());
    }
  }

  @Test
  void theOneOptionIsShown() {
    String window = "--window=PIXELS";
    assertTrue(error("segment -m m -o o --window=x photo").contains(window), shell.err());
    assertTrue(error("segment -m m -o o --widnow=3 photo").contains(window), shell.err());
    assertTrue(error("segment -m m -o o --stride=3 photo").contains(window), shell.err());
    assertTrue(error("segment -m m photo").contains("-o, --output=DIR"), shell.err());
    assertTrue(error("train bank -o m --t 1 --t 2").contains("--t=T"), shell.err());
    for (String line :
        new String[] {"segment -m m -o o --window=x photo", "train bank -o m --t 1 --t 2"}) {
      assertTrue(error(line).lines().count() < 10, shell.err());
      assertFalse(shell.err().contains("Usage:"), shell.err());
    }
    assertTrue(error("segment -m m -o o").contains("Usage: eigenseg segment"), shell.err());
  }
}
