package dev.eigenseg.api;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.eigenseg.api.internal.file.Hashes;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SegmentersTest {
  @TempDir Path folder;

  private ModelInfo info(String spec) throws IOException {
    Path right = Files.writeString(folder.resolve("right"), "weights");
    return new ModelInfo(
        "neural-eigenfunctions",
        4,
        "mobilenet",
        Hashes.sha256(right),
        spec,
        Map.of(),
        new ImageGeometry(Optional.empty(), 16),
        Optional.empty());
  }

  private Path place(String path, String content) throws IOException {
    Path file = folder.resolve(path);
    Files.createDirectories(file.getParent());
    return Files.writeString(file, content);
  }

  @Test
  void looksForTheBackboneInOrder() throws IOException {
    Path model = folder.resolve("models/m.safetensors");
    Path recorded = folder.resolve("train/b.pt");
    ModelInfo info = info("torchscript:" + recorded);
    List<Path> search = List.of(folder.resolve("weights"), folder.resolve("cache"));
    Files.createDirectories(folder.resolve("cache"));
    Files.createDirectories(folder.resolve("weights"));
    for (String place : new String[] {"train", "cache", "weights", "models"}) {
      Path found = place(place + "/b.pt", "weights");
      assertEquals("torchscript:" + found, Segmenters.findBackbone(model, info, search));
    }
    place("models/b.pt", "other weights");
    assertEquals(
        "torchscript:" + folder.resolve("weights/b.pt"),
        Segmenters.findBackbone(model, info, search),
        "files of another hash are passed over");
    Path renamed = place("renamed.pt", "weights");
    assertEquals(
        "torchscript:" + renamed,
        Segmenters.findBackbone(model, info, List.of(renamed)),
        "a file may be named as well as a folder");
  }

  @Test
  void saysWhereItLooked() throws IOException {
    Path model = folder.resolve("models/m.safetensors");
    ModelInfo info = info("torchscript:train/b.pt");
    UnavailableException missing =
        assertThrows(
            UnavailableException.class,
            () -> Segmenters.findBackbone(model, info, List.of(folder.resolve("cache"))));
    assertTrue(missing.getMessage().contains(folder.resolve("models/b.pt").toString()));
    assertTrue(missing.getMessage().contains(folder.resolve("cache").toString()));
    assertTrue(missing.getMessage().contains("Segmenter.load(path, backbone)"));
    Path other = place("models/b.pt", "other weights");
    IncompatibleException mismatch =
        assertThrows(
            IncompatibleException.class, () -> Segmenters.findBackbone(model, info, List.of()));
    assertTrue(mismatch.getMessage().contains(Hashes.sha256(other)));
    assertTrue(mismatch.getMessage().contains(info.backboneSha256()));
  }

  @Test
  void embeddedBackbonesNeedNoFile() throws IOException {
    assertEquals(
        "descriptor", Segmenters.findBackbone(folder.resolve("m"), info("descriptor"), List.of()));
  }

  @Test
  void missingModelsAndProvidersAreNamed() throws IOException {
    assertThrows(BadInputException.class, () -> Segmenter.load(folder.resolve("none")));
    Path model = place("m.safetensors", "{}");
    UnavailableException none =
        assertThrows(UnavailableException.class, () -> Segmenter.load(model));
    assertTrue(none.getMessage().contains("dev.eigenseg.infer"), none.getMessage());
    UnavailableException torchscript =
        assertThrows(UnavailableException.class, () -> Backbones.open("torchscript:b.pt", "cpu"));
    assertTrue(torchscript.getMessage().contains("dev.eigenseg.train"));
    assertTrue(
        assertThrows(UnavailableException.class, () -> Backbones.open("descripter", "cpu"))
            .getMessage()
            .contains("known schemes: none"));
  }

  @Test
  void provenanceSurvivesJson() {
    Provenance provenance =
        Provenance.here("train", Map.of("clusters", "64"), Map.of("bank", "ab"), -7, "cpu")
            .withVersion("djl", "0.35.1");
    assertEquals(provenance, Provenance.fromJson(provenance.toJson()));
    assertEquals("0.35.1", provenance.versions().get("djl"));
    assertThrows(
        CorruptFileException.class, () -> Provenance.fromJson(new com.google.gson.JsonObject()));
  }
}
