package dev.eigenseg.infer.vit;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.eigenseg.api.Backbone;
import dev.eigenseg.api.Backbones;
import dev.eigenseg.api.BadInputException;
import dev.eigenseg.api.PatchFeatures;
import dev.eigenseg.api.internal.file.Hashes;
import dev.eigenseg.api.internal.file.SafeTensors;
import dev.eigenseg.api.internal.file.SafeTensorsWriter;
import dev.eigenseg.api.tensor.DType;
import dev.eigenseg.api.tensor.Tensor;
import dev.eigenseg.infer.Fixtures;
import dev.eigenseg.infer.TestSeed;
import dev.eigenseg.infer.vit.VitConfig.Activation;
import java.io.IOException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.SequencedMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class VitBackboneTest {
  @TempDir Path folder;
  private final Random random = TestSeed.random();

  private Map<String, String> clip(String activation) {
    return Map.of(
        "heads",
        "2",
        "activation",
        activation,
        "normalization",
        "clip",
        "eps",
        "1e-5",
        "grid",
        "3x3");
  }

  @Test
  void featuresEqualThoseOfPlainLoops() throws IOException {
    List<VitConfig> configs =
        List.of(
            VitFixtures.config(4, 20, 2, 0, false, true, Activation.QUICK_GELU),
            VitFixtures.config(4, 36, 2, 0, false, true, Activation.GELU),
            VitFixtures.config(7, 24, 3, 4, true, false, Activation.GELU));
    for (VitConfig config : configs) {
      Path file = VitFixtures.write(folder.resolve("vit.safetensors"), random, config);
      Map<String, String> settings = clip(VitSettings.text(config.activation()));
      try (VitCheckpoint checkpoint = VitCheckpoint.open(file, settings);
          VitBackbone backbone = VitBackbone.open(file, settings);
          Tensor pixels =
              Fixtures.gaussian(random, 0.5, 3, 3L * config.patchSize(), 3L * config.patchSize());
          PatchFeatures features = backbone.extract(pixels, 2)) {
        assertEquals(config, checkpoint.config());
        assertClose(
            new VitOracle(checkpoint, config, 3, 3).high(pixels.toFloats()), config, features);
      }
    }
  }

  private static void assertClose(double[][] expected, VitConfig config, PatchFeatures features) {
    for (int patch = 0; patch < features.patches(); patch++) {
      for (int c = 0; c < config.dim(); c++) {
        assertEquals(
            expected[config.prefixTokens() + patch][c],
            features.high().get((long) patch * config.dim() + c),
            1e-4);
      }
    }
  }

  @Test
  void rotaryPositionsEqualThoseOfPlainLoops() throws IOException {
    for (int dim : new int[] {8, 24, 40}) {
      for (boolean gated : new boolean[] {false, true}) {
        VitConfig config = VitFixtures.rotary(4, dim, 2, gated);
        Path file = VitFixtures.write(folder.resolve("rotary.safetensors"), random, config);
        Map<String, String> settings =
            Map.of("heads", "2", "activation", "silu", "rope-theta", "70");
        try (VitCheckpoint checkpoint = VitCheckpoint.open(file, settings);
            VitBackbone backbone = VitBackbone.open(file, settings);
            Tensor pixels = Fixtures.gaussian(random, 0.5, 3, 4 * 13, 4 * 7);
            PatchFeatures features = backbone.extract(pixels, 3);
            PatchFeatures alone = backbone.extract(pixels)) {
          assertEquals(config, checkpoint.config());
          VitOracle oracle = new VitOracle(checkpoint, config, 13, 7);
          assertClose(oracle.high(pixels.toFloats()), config, features);
          assertArrayEquals(alone.high().toFloats(), features.high().toFloats());
        }
      }
    }
  }

  @Test
  void threadsChangeNoBit() throws IOException {
    Path file =
        VitFixtures.write(folder.resolve("v.safetensors"), random, VitFixtures.plain(4, 40, 3));
    for (String high : List.of("tokens", "keys")) {
      try (VitBackbone backbone = VitBackbone.open(file, Map.of("heads", "2", "high", high));
          Tensor pixels = Fixtures.gaussian(random, 0.5, 3, 52, 76);
          PatchFeatures alone = backbone.extract(pixels)) {
        for (int threads : new int[] {2, 3, 7}) {
          try (PatchFeatures together = backbone.extract(pixels, threads)) {
            assertArrayEquals(alone.low().toFloats(), together.low().toFloats());
            assertArrayEquals(alone.mid().toFloats(), together.mid().toFloats());
            assertArrayEquals(alone.high().toFloats(), together.high().toFloats());
          }
        }
      }
    }
  }

  @Test
  void opensByItsSpecificationAndSaysWhatItIs() throws IOException {
    Path file =
        VitFixtures.write(folder.resolve("tiny.safetensors"), random, VitFixtures.plain(8, 64, 2));
    Backbone closed;
    try (Backbone backbone = Backbones.open("vit:" + file, "cpu", Map.of("high", "keys"))) {
      closed = backbone;
      assertEquals("vit:tiny", backbone.id());
      assertEquals(Hashes.sha256(file), backbone.sha256());
      assertEquals(8, backbone.patchSize());
      assertEquals(new Backbone.FeatureDims(64, 64, 64), backbone.dims());
      assertEquals("keys", backbone.settings().get("high"));
      assertEquals(4, backbone.assumptions().size(), backbone.assumptions().toString());
      try (Backbone again = Backbones.open("vit:" + file, "cpu", backbone.settings())) {
        assertEquals(backbone.settings(), again.settings());
        assertTrue(again.assumptions().isEmpty(), again.assumptions().toString());
      }
      try (Tensor odd = Tensor.allocate(DType.F32, 3, 12, 16)) {
        assertThrows(BadInputException.class, () -> backbone.extract(odd).close());
      }
    }
    try (Tensor pixels = Tensor.allocate(DType.F32, 3, 16, 16)) {
      assertThrows(IllegalStateException.class, () -> closed.extract(pixels).close());
    }
  }

  @Test
  void aLargerFileCanHoldTheWeights() throws IOException {
    VitConfig config = VitFixtures.plain(4, 16, 2);
    Path alone = VitFixtures.write(folder.resolve("alone.safetensors"), random, config);
    Path both = folder.resolve("both.safetensors");
    try (SafeTensors source = SafeTensors.open(alone)) {
      SequencedMap<String, Tensor> tensors = new LinkedHashMap<>();
      try (Tensor other = Tensor.of(new float[] {1, 2}, 2)) {
        tensors.put("psi.weight", other);
        source.names().forEach(name -> tensors.put("backbone." + name, source.tensor(name)));
        SafeTensorsWriter.write(both, Map.of("config", "{}"), tensors);
      }
    }
    Map<String, String> settings = Map.of("heads", "2");
    try (SafeTensors file = SafeTensors.open(both);
        VitCheckpoint checkpoint = VitCheckpoint.borrow(file, "backbone.", settings);
        VitBackbone embedded = new VitBackbone(checkpoint, "vit:alone", () -> "00");
        VitBackbone plain = VitBackbone.open(alone, settings);
        Tensor pixels = Fixtures.gaussian(random, 0.5, 3, 16, 12);
        PatchFeatures found = embedded.extract(pixels);
        PatchFeatures wanted = plain.extract(pixels)) {
      assertArrayEquals(wanted.high().toFloats(), found.high().toFloats());
    }
  }
}
