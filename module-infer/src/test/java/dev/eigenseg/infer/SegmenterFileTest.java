package dev.eigenseg.infer;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.gson.Gson;
import com.google.gson.JsonObject;
import dev.eigenseg.api.ClusterNames;
import dev.eigenseg.api.CorruptFileException;
import dev.eigenseg.api.Dendrogram;
import dev.eigenseg.api.IncompatibleException;
import dev.eigenseg.api.internal.file.SafeTensors;
import dev.eigenseg.api.internal.file.SafeTensorsWriter;
import dev.eigenseg.api.tensor.Tensor;
import dev.eigenseg.infer.segment.SafetensorsSegmenterLoader;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.SequencedMap;
import java.util.Set;
import java.util.zip.CRC32C;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class SegmenterFileTest {
  @TempDir Path folder;

  private Path write(SegmenterMethod method, int clusters) throws IOException {
    return write(TestSeed.random(), method, clusters);
  }

  private Path write(Random random, SegmenterMethod method, int clusters) throws IOException {
    Path path = folder.resolve("model.safetensors");
    SegmenterModel model = Fixtures.model(random, method, clusters);
    SegmenterFile.write(path, model);
    Fixtures.close(model.tensors());
    return path;
  }

  @ParameterizedTest
  @EnumSource
  void whatIsWrittenIsRead(SegmenterMethod method) throws IOException {
    SegmenterModel model = Fixtures.model(TestSeed.random(), method, 5);
    Path path = folder.resolve("model.safetensors");
    SegmenterFile.write(path, model);
    try (SegmenterFile file = SegmenterFile.open(path)) {
      assertSame(model, file.model());
      assertEquals(method.text(), file.info().method());
    }
    assertTrue(new SafetensorsSegmenterLoader().recognises(path));
    Fixtures.close(model.tensors());
  }

  private static void assertSame(SegmenterModel expected, SegmenterModel found) {
    assertEquals(expected.info(), found.info());
    assertEquals(expected.dims(), found.dims());
    assertEquals(expected.scales(), found.scales());
    assertEquals(expected.psi(), found.psi());
    assertEquals(expected.normalizeRows(), found.normalizeRows());
    assertEquals(expected.logitDivisor(), found.logitDivisor());
    assertEquals(expected.provenance(), found.provenance());
    assertEquals(expected.tensors().keySet(), found.tensors().keySet());
    expected
        .tensors()
        .forEach((name, tensor) ->
            assertArrayEquals(tensor.toFloats(), found.tensors().get(name).toFloats(), 0, name));
  }

  @Test
  void sameModelSameBytes() throws IOException {
    SegmenterModel model = Fixtures.model(TestSeed.random(), SegmenterMethod.KMEANS_HIDDEN, 3);
    SegmenterFile.write(folder.resolve("a"), model);
    SegmenterFile.write(folder.resolve("b"), model);
    assertEquals(-1, Files.mismatch(folder.resolve("a"), folder.resolve("b")));
    Fixtures.close(model.tensors());
  }

  @Test
  void namesAreStoredAndReplaced() throws IOException {
    Path path = write(SegmenterMethod.NEURAL_EIGENFUNCTIONS, 5);
    String fingerprint = SegmenterFile.fingerprint(path);
    SafetensorsSegmenterLoader loader = new SafetensorsSegmenterLoader();
    assertEquals(Optional.empty(), loader.info(path).names());
    for (String matching : new String[] {"iou", "majority"}) {
      ClusterNames names = Fixtures.names(5);
      SegmenterFile.storeNames(
          path, fingerprint, new ClusterNames(names.classes(), names.classOfCluster(), matching));
      ClusterNames found = loader.info(path).names().orElseThrow();
      assertEquals(matching, found.matching());
      assertEquals(names.classes(), found.classes());
      assertArrayEquals(names.classOfCluster(), found.classOfCluster());
    }
    assertThrows(
        IllegalArgumentException.class,
        () -> SegmenterFile.storeNames(path, fingerprint, Fixtures.names(4)));
    assertEquals("majority", loader.info(path).names().orElseThrow().matching());
    assertEquals(fingerprint, SegmenterFile.fingerprint(path));
  }

  @Test
  void whatWasFoundOfOneModelIsNotStoredIntoAnotherThatTookItsPlace() throws IOException {
    Path path = write(new Random(1), SegmenterMethod.NEURAL_EIGENFUNCTIONS, 5);
    String fingerprint = SegmenterFile.fingerprint(path);
    write(new Random(2), SegmenterMethod.NEURAL_EIGENFUNCTIONS, 5);
    byte[] other = Files.readAllBytes(path);
    IncompatibleException e =
        assertThrows(
            IncompatibleException.class,
            () -> SegmenterFile.storeNames(path, fingerprint, Fixtures.names(5)));
    assertTrue(e.getMessage().startsWith(path + ": another model"), e.getMessage());
    Dendrogram merges =
        new Dendrogram(
            "graph",
            new long[] {1, 1, 1, 1, 1},
            new int[] {0, 2, 4, 5},
            new int[] {1, 3, 6, 7},
            new double[] {4, 3, 2, 1});
    assertThrows(
        IncompatibleException.class,
        () -> SegmenterFile.storeDendrogram(path, fingerprint, merges));
    assertArrayEquals(other, Files.readAllBytes(path));
  }

  @Test
  void mergesAreStoredAndAFileWithoutThemIsAsItWas() throws IOException {
    Path path = write(SegmenterMethod.NEURAL_EIGENFUNCTIONS, 3);
    SafetensorsSegmenterLoader loader = new SafetensorsSegmenterLoader();
    try (SafeTensors file = SafeTensors.open(path)) {
      assertEquals(
          Set.of("format", "version", "config", "provenance", "crc32c"), file.metadata().keySet());
    }
    Dendrogram merges =
        new Dendrogram(
            "graph",
            new long[] {1, 5_000_000_000L, 0},
            new int[] {1, 0},
            new int[] {2, 3},
            new double[] {1 / 3.0, 1e-17});
    SegmenterFile.storeDendrogram(path, SegmenterFile.fingerprint(path), merges);
    assertEquals(Optional.of(merges), loader.info(path).dendrogram());
    SegmenterFile.storeNames(path, SegmenterFile.fingerprint(path), Fixtures.names(3));
    assertEquals(Optional.of(merges), loader.info(path).dendrogram());
    assertThrows(
        IllegalArgumentException.class,
        () ->
            SegmenterFile.storeDendrogram(
                path,
                SegmenterFile.fingerprint(path),
                new Dendrogram(
                    "graph", new long[] {1, 1}, new int[] {0}, new int[] {1}, new double[] {1})));
  }

  @Test
  void truncationIsNoticedAtEveryLength() throws IOException {
    byte[] whole = Files.readAllBytes(write(SegmenterMethod.KMEANS_FEATURES, 2));
    Path cut = folder.resolve("cut");
    for (int length = 0; length < whole.length; length++) {
      Files.write(cut, Arrays.copyOf(whole, length));
      CorruptFileException error =
          assertThrows(
              CorruptFileException.class, () -> SegmenterFile.open(cut).close(), "at " + length);
      assertTrue(error.getMessage().contains(cut.toString()), error.getMessage());
      assertTrue(error.getMessage().contains("train anew"), error.getMessage());
    }
  }

  @Test
  void aFlippedBitIsNoticedAnywhere() throws IOException {
    byte[] whole = Files.readAllBytes(write(SegmenterMethod.KMEANS_FEATURES, 2));
    Path damaged = folder.resolve("damaged");
    for (int i = 0; i < whole.length; i++) {
      byte[] bytes = whole.clone();
      bytes[i] ^= (byte) (1 << i % 8);
      Files.write(damaged, bytes);
      assertThrows(
          CorruptFileException.class, () -> SegmenterFile.open(damaged).close(), "byte " + i);
    }
  }

  @Test
  void aConsistentlyForgedConfigurationIsRefused() throws IOException {
    Path path = write(SegmenterMethod.NEURAL_EIGENFUNCTIONS, 5);
    String[][] forgeries = {
      {"\"clusters\":5", "\"clusters\":6"},
      {"\"clusters\":5", "\"clusters\":2147483647"},
      {"\"clusters\":5", "\"clusters\":5.5"},
      {"\"blocks\":2", "\"blocks\":2000000000"},
      {"\"blocks\":2", "\"blocks\":-1"},
      {"\"hidden\":32", "\"hidden\":64"},
      {"\"heads\":2", "\"heads\":1073741824"},
      {"\"heads\":2", "\"heads\":null"},
      {"\"patch-size\":16", "\"patch-size\":0"},
      {"\"patch-size\":16", "\"patch-size\":16,\"size\":\"0x5\""},
      {"\"low\":1.5", "\"low\":0"},
      {"\"logit-divisor\":0.3", "\"logit-divisor\":\"NaN\""},
      {"neural-eigenfunctions", "kmeans-features"},
      {"neural-eigenfunctions", "unheard-of"},
      {"\"psi\":", "\"phi\":"},
      {"\"pixel-normalisation\":\"backbone\"", "\"pixel-normalisation\":\"other\""},
    };
    for (String[] forgery : forgeries) {
      Path forged = forge(path, "config", forgery[0], forgery[1]);
      assertThrows(
          CorruptFileException.class, () -> SegmenterFile.open(forged).close(), forgery[1]);
    }
    // Files written before it was recorded.
    SegmenterFile.open(forge(path, "config", "\"pixel-normalisation\":\"backbone\",", "")).close();
    SegmenterFile.storeNames(path, SegmenterFile.fingerprint(path), Fixtures.names(5));
    Path forged = forge(path, "names", "\"class-of-cluster\":[-1,", "\"class-of-cluster\":[9,");
    assertThrows(CorruptFileException.class, () -> SegmenterFile.open(forged).close());
    Path few = forge(path, "names", "\"class-of-cluster\":[-1,", "\"class-of-cluster\":[");
    assertThrows(CorruptFileException.class, () -> SegmenterFile.open(few).close());
  }

  /** Replaces a text inside one part of the metadata and makes its checksum right again. */
  private Path forge(Path path, String part, String text, String replacement) throws IOException {
    Path forged = folder.resolve("forged");
    try (SafeTensors file = SafeTensors.open(path)) {
      Map<String, String> metadata = new LinkedHashMap<>(file.metadata());
      String changed = metadata.get(part).replace(text, replacement);
      assertFalse(changed.equals(metadata.get(part)), text + " is not in " + metadata.get(part));
      metadata.put(part, changed);
      CRC32C crc = new CRC32C();
      crc.update(changed.getBytes(StandardCharsets.UTF_8));
      JsonObject checksums = new Gson().fromJson(metadata.get("crc32c"), JsonObject.class);
      checksums.addProperty(part, "%08x".formatted(crc.getValue()));
      metadata.put("crc32c", checksums.toString());
      SequencedMap<String, Tensor> tensors = new LinkedHashMap<>();
      file.names().forEach(name -> tensors.put(name, file.tensor(name)));
      SafeTensorsWriter.write(forged, metadata, tensors);
    }
    return forged;
  }

  @Test
  void otherFilesAreNotRecognised() throws IOException {
    Path other = folder.resolve("other");
    SafetensorsSegmenterLoader loader = new SafetensorsSegmenterLoader();
    try (Tensor tensor = Tensor.of(new float[] {1}, 1)) {
      SequencedMap<String, Tensor> tensors = new LinkedHashMap<>();
      tensors.put("a", tensor);
      SafeTensorsWriter.write(other, Map.of("format", "pt"), tensors);
    }
    assertFalse(loader.recognises(other));
    CorruptFileException error =
        assertThrows(CorruptFileException.class, () -> SegmenterFile.open(other).close());
    assertTrue(error.getMessage().contains("'pt'"), error.getMessage());
    for (int length = 0; length < 12; length++) {
      Files.write(other, new byte[length]);
      assertFalse(loader.recognises(other));
    }
  }
}
