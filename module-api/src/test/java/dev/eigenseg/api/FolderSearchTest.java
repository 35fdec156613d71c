package dev.eigenseg.api;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeFalse;

import dev.eigenseg.api.internal.file.ResultNames;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class FolderSearchTest {
  @TempDir Path folder;

  private void files(String... names) throws IOException {
    for (String name : names) {
      Path file = folder.resolve(name);
      Files.createDirectories(file.getParent());
      Files.createFile(file);
    }
  }

  private void link(String name, String target) throws IOException {
    Files.createSymbolicLink(folder.resolve(name), Path.of(target));
  }

  private List<String> images() throws IOException {
    return ImageFiles.search(folder).images().stream()
        .map(image -> folder.relativize(image).toString())
        .toList();
  }

  private String leftOut() throws IOException {
    return ImageFiles.search(folder).leftOut().toString();
  }

  @Test
  void whatSystemsKeepBesideImagesIsHidden() throws IOException {
    files("a.jpg", "._a.jpg", ".DS_Store", "Thumbs.db", ".trash/b.jpg", "@eaDir/a.jpg/SMALL.jpg");
    files("__MACOSX/c.jpg", "day/.hidden.png", "day/d.PNG");
    assertEquals(List.of("a.jpg", "day/d.PNG"), images());
    assertEquals("7 hidden", leftOut());
  }

  @Test
  void whatIsLeftOutIsCountedByKind() throws IOException {
    files("a.jpg", "b.jfif", "c.txt", "d.TXT", "e.heic", "LICENSE");
    assertEquals(List.of("a.jpg", "b.jfif"), images());
    assertEquals("4 files that are no images (.heic, 2 .txt, no ending)", leftOut());
    Files.delete(folder.resolve("a.jpg"));
    Files.delete(folder.resolve("b.jfif"));
    String none = assertThrows(BadInputException.class, () -> ImageFiles.in(folder)).getMessage();
    assertTrue(none.contains("holds no images") && none.contains("left out: 4 files"), none);
  }

  @Test
  void linksThatLeadInACircleAreWalkedPast() throws IOException {
    files("a.jpg", "day/b.jpg", "night/c.jpg");
    link("up", ".");
    link("day/above", "..");
    link("day/night", "../night");
    link("night/day", "../day");
    link("self", "self");
    link("gone.jpg", "nowhere.jpg");
    assertEquals(List.of("a.jpg", "day/b.jpg", "night/c.jpg"), images());
    assertEquals("6 links that lead nowhere new", leftOut());
  }

  @Test
  void aLinkToTheFoldersAboveDoesNotLeaveTheFolder() throws IOException {
    Path inner = Files.createDirectories(folder.resolve("photos"));
    files("photos/a.jpg", "other/b.jpg");
    link("photos/up", "..");
    assertEquals(List.of(inner.resolve("a.jpg")), ImageFiles.in(inner));
  }

  @Test
  void linksToElsewhereAreFollowed() throws IOException {
    Path inner = Files.createDirectories(folder.resolve("photos"));
    files("other/b.jpg", "other/deep/c.jpg");
    link("photos/there", "../other");
    assertEquals(
        List.of(inner.resolve("there/b.jpg"), inner.resolve("there/deep/c.jpg")),
        ImageFiles.in(inner));
  }

  @Test
  void anImageOfTwoNamesIsFoundByItsOwn() throws IOException {
    files("z/real.jpg");
    link("a.jpg", "z/real.jpg");
    link("b", "z");
    assertEquals(List.of("z/real.jpg"), images());
    assertEquals("1 image by a second name, 1 link that leads nowhere new", leftOut());
  }

  @Test
  void masksAndOverlaysAreNoPhotographs() throws IOException {
    String name = "s".repeat(250);
    files("a.jpg", "seg/a.png", "seg/a-overlay.png", "seg/day/b.png", "seg/day/b-overlay.png");
    files("seg/own.png", "seg/fiftyone/data/a.jpg", "seg/fiftyone/labels/a.png");
    files("seg/provenance.json", "seg/classes.json", "seg/" + name + ".png");
    files("seg/" + ResultNames.overlay(name));
    Files.writeString(
        folder.resolve("seg/images.jsonl"),
        "{\"name\":\"a\"}\n{\"name\":\"day/b\"}\n{\"name\":\"" + name + "\"}\n{\"na");
    assertEquals(List.of("a.jpg", "seg/own.png"), images());
    assertEquals("11 results of Eigenseg", leftOut());
    assertTrue(ImageFiles.isResult(folder.resolve("seg/day/b-overlay.png")));
    assertFalse(ImageFiles.isResult(folder.resolve("seg/own.png")));
    assertEquals(
        1, ImageFiles.matching(folder.resolve("seg"), file -> true).images().size(), "own.png");
    Files.delete(folder.resolve("seg/provenance.json")); // somebody else's folder
    assertEquals(10, images().size());
  }

  @Test
  void picturesOfDemoAndSpectralAreNoPhotographs() throws IOException {
    files("demo/comparison.png", "demo/loss-curve.png", "demo/scenes/images/a.png");
    files("demo/scenes/labels/a.png", "pictures/eigenvectors.png", "pictures/clusters.png");
    files("mine/clusters.png");
    Files.writeString(folder.resolve("demo/demo.json"), "{\"made-by\": \"eigenseg demo\"}\n");
    assertEquals(List.of("demo/scenes/images/a.png", "mine/clusters.png"), images());
  }

  @Test
  void whatCannotBeReadIsKeptWithItsReason() throws IOException {
    files("a.jpg", "closed/b.jpg");
    Path closed = folder.resolve("closed");
    Files.setPosixFilePermissions(closed, PosixFilePermissions.fromString("---------"));
    try {
      assumeFalse(Files.isReadable(closed), "root reads everything");
      ImageFiles.Found found = ImageFiles.search(folder);
      assertEquals(List.of(folder.resolve("a.jpg")), found.images());
      assertTrue(
          found.unreadable().getFirst().getMessage().startsWith(closed + ": permission denied"),
          found.toString());
      assertThrows(BadInputException.class, () -> ImageFiles.in(folder));
    } finally {
      Files.setPosixFilePermissions(closed, PosixFilePermissions.fromString("rwx------"));
    }
  }

  @Test
  void twoFoldersAreCountedTogether() throws IOException {
    files("one/a.txt", "one/.b", "two/a.txt", "two/c.heic");
    LeftOut one = ImageFiles.search(folder.resolve("one")).leftOut();
    LeftOut both = one.and(ImageFiles.search(folder.resolve("two")).leftOut());
    assertEquals("3 files that are no images (.heic, 2 .txt), 1 hidden", both.toString());
    assertTrue(LeftOut.NOTHING.isEmpty());
    assertEquals("", LeftOut.NOTHING.toString());
  }
}
