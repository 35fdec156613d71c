package dev.eigenseg.api;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.eigenseg.api.internal.file.Hashes;
import dev.eigenseg.api.internal.file.NamedWeights;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.IntStream;
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
    for (String place : new String[] {"cache", "weights", "models"}) {
      Path found = place(place + "/b.pt", "weights");
      assertEquals("torchscript:" + found, find(model, info, search));
    }
    place("models/b.pt", "other weights");
    assertEquals(
        "torchscript:" + folder.resolve("weights/b.pt"),
        find(model, info, search),
        "files of another hash are passed over");
    Path renamed = place("renamed.pt", "weights");
    assertEquals(
        "torchscript:" + renamed,
        find(model, info, List.of(renamed)),
        "a file may be named as well as a folder");
  }

  @Test
  void aRecordedPathIsNeitherReadNorShown() throws IOException {
    Path model = folder.resolve("models/m.safetensors");
    Path recorded = place("private/b.pt", "weights");
    for (String path : List.of(recorded.toString(), "C:\\private\\b.pt", "..", "/", "", "a\0b")) {
      ModelInfo info = info("torchscript:" + path);
      String message =
          assertThrows(UnavailableException.class, () -> find(model, info, List.of())).getMessage();
      assertFalse(message.contains("private"), message);
    }
    place("private/b.pt", "other weights");
    assertThrows(
        UnavailableException.class,
        () -> find(model, info("torchscript:" + recorded), List.of()),
        "its hash is nobody's business");
  }

  @Test
  void filesThatTheUserNamedAreFoundByTheirHash() throws IOException {
    Path model = folder.resolve("models/m.safetensors");
    Path renamed = place("train/renamed.pt", "weights");
    ModelInfo info = info("torchscript:" + renamed);
    assertThrows(UnavailableException.class, () -> find(model, info, List.of()));
    named().remember(info.backboneSha256(), place("gone.pt", "weights"));
    named().remember(info.backboneSha256(), renamed);
    Files.delete(folder.resolve("gone.pt"));
    assertEquals("torchscript:" + renamed, find(model, info, List.of()));
    place("train/renamed.pt", "other weights");
    assertThrows(IncompatibleException.class, () -> find(model, info, List.of()));
  }

  @Test
  void theListOfNamedFilesIsShortAndNewestFirst() throws IOException {
    String hash = Hashes.sha256("x");
    assertEquals(List.of(), named().files(hash));
    for (int i = 0; i < 12; i++) {
      named().remember(hash, folder.resolve("file" + i));
    }
    named().remember(hash, folder.resolve("file8"));
    assertEquals(
        IntStream.of(8, 11, 10, 9, 7, 6, 5, 4).mapToObj(i -> folder.resolve("file" + i)).toList(),
        named().files(hash));
    assertEquals(List.of(), named().files("../" + hash), "hashes alone name files there");
    Files.writeString(folder.resolve("named").resolve(hash), "relative\n\0\n/a");
    assertEquals(
        List.of(folder.resolve("file8"), Path.of("/a")), named().files(hash), "this process knows");
  }

  @Test
  void whatWasNamedIsKnownToThisProcessEvenIfItCannotBeWritten() throws IOException {
    String hash = Hashes.sha256("x");
    Path strange = folder.resolve("with\nnewline");
    named().remember(hash, strange);
    assertFalse(Files.exists(folder.resolve("named")), "it would be two lines");
    assertEquals(List.of(strange), named().files(hash));
    NamedWeights blocked = new NamedWeights(place("file", "").resolve("below"));
    assertThrows(IOException.class, () -> blocked.remember(hash, folder.resolve("a")));
    assertEquals(List.of(folder.resolve("a")), blocked.files(hash));
  }

  @Test
  void aDamagedListOfNamedFilesHidesNoWeightsElsewhere() throws IOException {
    ModelInfo info = info("torchscript:b.pt");
    Path weights = place("models/b.pt", "weights");
    Path model = folder.resolve("models/m.safetensors");
    Path list = place("named/" + info.backboneSha256(), "");
    Files.write(list, new byte[] {'/', (byte) 0xff, '\n'}); // no UTF-8
    assertEquals(List.of(), named().files(info.backboneSha256()));
    assertEquals("torchscript:" + weights, find(model, info, List.of()));
    Files.delete(list);
    Files.createDirectory(list);
    assertEquals("torchscript:" + weights, find(model, info, List.of()));
    Files.delete(list);
    Files.write(list, new byte[] {(byte) 0xff});
    named().remember(info.backboneSha256(), weights);
    assertEquals(weights + "\n", Files.readString(list), "named again, it is mended");
  }

  private NamedWeights named() {
    return new NamedWeights(folder.resolve("named"));
  }

  private String find(Path model, ModelInfo info, List<Path> searchPath) throws IOException {
    return Segmenters.findBackbone(model, info, searchPath, named());
  }

  @Test
  void saysWhereItLooked() throws IOException {
    Path model = folder.resolve("models/m.safetensors");
    ModelInfo info = info("torchscript:train/b.pt");
    UnavailableException missing =
        assertThrows(
            UnavailableException.class, () -> find(model, info, List.of(folder.resolve("cache"))));
    assertTrue(missing.getMessage().contains(folder.resolve("models/b.pt").toString()));
    assertTrue(missing.getMessage().contains(folder.resolve("cache").toString()));
    assertTrue(missing.getMessage().contains("Segmenter.load(path, backbone)"));
    Path remembered = folder.resolve("gone.pt");
    named().remember(info.backboneSha256(), remembered);
    String message =
        assertThrows(UnavailableException.class, () -> find(model, info, List.of())).getMessage();
    assertFalse(message.contains(remembered.toString()), message);
    assertTrue(message.contains("nor a file that was named with -b before"), message);
    Path other = place("models/b.pt", "other weights");
    IncompatibleException mismatch =
        assertThrows(IncompatibleException.class, () -> find(model, info, List.of()));
    assertTrue(mismatch.getMessage().contains(Hashes.sha256(other)));
    assertTrue(mismatch.getMessage().contains(info.backboneSha256()));
  }

  @Test
  void embeddedBackbonesNeedNoFile() throws IOException {
    assertEquals("descriptor", find(folder.resolve("m"), info("descriptor"), List.of()));
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
