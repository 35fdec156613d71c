package dev.eigenseg.train.vit;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.eigenseg.api.Backbone;
import dev.eigenseg.api.Backbones;
import dev.eigenseg.api.BadInputException;
import dev.eigenseg.api.PatchFeatures;
import dev.eigenseg.api.UnavailableException;
import dev.eigenseg.api.internal.kernel.Parallel;
import dev.eigenseg.api.tensor.DType;
import dev.eigenseg.api.tensor.Tensor;
import dev.eigenseg.infer.vit.VitCheckpoint;
import dev.eigenseg.infer.vit.VitConfig;
import dev.eigenseg.train.TestSeed;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The backbone on DJL against the one on the Vector API, on checkpoints of random shapes. */
class TorchVitBackboneTest {
  private static final double TOLERANCE = 2e-4; // the golden one

  @TempDir private Path folder;

  private static Tensor pixels(Random random, int rows, int columns, int patch) {
    Tensor pixels = Tensor.allocate(DType.F32, 3, (long) rows * patch, (long) columns * patch);
    for (long i = 0; i < pixels.size(); i++) {
      pixels.set(i, random.nextFloat());
    }
    return pixels;
  }

  @Test
  void agreesWithTheVectorApi() throws IOException {
    long seed = TestSeed.next();
    Random random = new Random(seed);
    for (int i = 0; i < 24; i++) {
      VitConfig config = RandomVit.any(random);
      DType dtype = new DType[] {DType.F32, DType.F16, DType.BF16}[random.nextInt(3)];
      Path file =
          RandomVit.write(folder.resolve("any" + i + ".safetensors"), config, dtype, random);
      Map<String, String> settings = RandomVit.settings(config);
      try (Backbone vector = Backbones.open("vit:" + file, "cpu", settings);
          TorchVitBackbone torch = TorchVitBackbone.open(file, "cpu", settings)) {
        assertSame(vector, torch);
        for (int image = 0; image < 2; image++) {
          boolean learned = image == 0 && config.rotary().isEmpty();
          int rows = learned ? config.gridRows() : random.nextInt(1, 8);
          int columns = learned ? config.gridColumns() : random.nextInt(1, 8);
          try (Tensor pixels = pixels(random, rows, columns, config.patchSize());
              PatchFeatures expected = vector.extract(pixels);
              PatchFeatures found = torch.extract(pixels, 2)) {
            String what = "seed %d, %s %s on %d x %d".formatted(seed, dtype, config, rows, columns);
            assertClose(what + " low", expected.low(), found.low());
            assertClose(what + " mid", expected.mid(), found.mid());
            assertClose(what + " high", expected.high(), found.high());
          }
        }
      }
    }
  }

  private static void assertSame(Backbone vector, Backbone torch) {
    assertFalse(vector instanceof TorchVitBackbone);
    assertEquals(vector.id(), torch.id());
    assertEquals(vector.sha256(), torch.sha256());
    assertEquals(vector.settings(), torch.settings());
    assertEquals(vector.assumptions(), torch.assumptions());
    assertEquals(vector.patchSize(), torch.patchSize());
    assertEquals(vector.dims(), torch.dims());
  }

  private static void assertClose(String what, Tensor expected, Tensor found) {
    assertEquals(expected.size(), found.size(), what);
    for (long i = 0; i < expected.size(); i++) {
      assertEquals(expected.get(i), found.get(i), TOLERANCE, what);
    }
  }

  @Test
  void servesSeveralThreadsAndSizesWithoutLeaks() throws IOException {
    Random random = TestSeed.random();
    VitConfig config = RandomVit.plain(32, 2, 2);
    Path file = RandomVit.write(folder.resolve("vit.safetensors"), config, DType.F32, random);
    try (TorchVitBackbone backbone =
        TorchVitBackbone.open(file, "cpu", RandomVit.settings(config))) {
      int opened = backbone.managedArrays();
      try (Tensor pixels = pixels(random, 3, 5, config.patchSize());
          PatchFeatures expected = backbone.extract(pixels)) {
        assertEquals(opened + 1, backbone.managedArrays(), "positions of one grid");
        Parallel.forEach(
            4,
            16,
            task -> {
              try (PatchFeatures found = backbone.extract(pixels)) {
                assertClose("task " + task, expected.high(), found.high());
              }
            });
        assertEquals(opened + 1, backbone.managedArrays());
      }
      for (int columns = 1; columns <= 40; columns++) {
        try (Tensor pixels = pixels(random, 1, columns, config.patchSize());
            PatchFeatures features = backbone.extract(pixels)) {
          assertEquals(columns, features.gridColumns());
        }
      }
      assertTrue(backbone.managedArrays() <= opened + 16, "the memory of grids is bounded");
    }
  }

  @Test
  void refusesWhatDoesNotFit() throws IOException {
    VitConfig config = RandomVit.plain(64, 1, 1);
    Path file =
        RandomVit.write(folder.resolve("vit.safetensors"), config, DType.F32, new Random(1));
    TorchVitProvider provider = new TorchVitProvider();
    assertTrue(provider.availability().available());
    assertTrue(provider.serves("cuda:0"));
    assertFalse(provider.serves("cpu"));
    assertThrows(BadInputException.class, () -> provider.open("", "cuda:0", Map.of()));
    assertThrows(
        BadInputException.class, () -> provider.open(folder + "/absent", "cuda:0", Map.of()));
    UnavailableException noDevice =
        assertThrows(
            UnavailableException.class, () -> Backbones.open("vit:" + file, "cuda:7", Map.of()));
    assertTrue(noDevice.getMessage().contains("cuda:7"), noDevice.getMessage());
    assertThrows(
        BadInputException.class, () -> TorchVitBackbone.open(file, "cpu", Map.of("wings", "2")));
    TorchVitBackbone backbone = TorchVitBackbone.open(file, "cpu", Map.of());
    try (backbone;
        Tensor odd = Tensor.allocate(DType.F32, 3, 40, 48);
        Tensor empty = Tensor.allocate(DType.F32, 3, 0, 48)) {
      try (VitCheckpoint checkpoint = VitCheckpoint.open(file, Map.of())) {
        assertEquals(checkpoint.assumptions(), backbone.assumptions());
      }
      assertThrows(BadInputException.class, () -> backbone.extract(odd));
      assertThrows(BadInputException.class, () -> backbone.extract(empty));
    }
    backbone.close();
    try (Tensor pixels = Tensor.allocate(DType.F32, 3, 32, 32)) {
      assertThrows(IllegalStateException.class, () -> backbone.extract(pixels));
    }
    Files.delete(file); // mapped files are let go once they are read
  }
}
