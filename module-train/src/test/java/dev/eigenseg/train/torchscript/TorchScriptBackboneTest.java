package dev.eigenseg.train.torchscript;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.eigenseg.api.Backbone;
import dev.eigenseg.api.Backbones;
import dev.eigenseg.api.BadInputException;
import dev.eigenseg.api.PatchFeatures;
import dev.eigenseg.api.TrustedCode;
import dev.eigenseg.api.UnavailableException;
import dev.eigenseg.api.internal.file.Hashes;
import dev.eigenseg.api.internal.file.SafeTensors;
import dev.eigenseg.api.internal.kernel.Parallel;
import dev.eigenseg.api.tensor.DType;
import dev.eigenseg.api.tensor.Tensor;
import dev.eigenseg.train.dataset.ReferenceData;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.api.io.TempDir;

class TorchScriptBackboneTest {
  private static final double TOLERANCE = 1e-3; // stated in the weights' description

  private static Path weights() {
    return ReferenceData.folder("eigenseg.shared", "weights");
  }

  private static Backbone open() throws IOException {
    TrustedCode.allow(weights().resolve("mobilenetv2-dense.pt"));
    return Backbones.open("torchscript:" + weights().resolve("mobilenetv2-dense.pt"), "cpu");
  }

  @Test
  void codeIsRunOnlyIfSomebodyAllowsIt(@TempDir Path folder) throws IOException {
    Path module = Files.writeString(folder.resolve("a.pt"), "not even a module");
    String spec = "torchscript:" + module;
    BadInputException refused =
        assertThrows(BadInputException.class, () -> Backbones.open(spec, "cpu"));
    assertTrue(refused.getMessage().contains("--trust"), refused.getMessage());
    assertTrue(refused.getMessage().contains(Hashes.sha256(module)), refused.getMessage());
    for (Executable allowed :
        List.<Executable>of(
            () -> TrustedCode.trusting(() -> Backbones.open(spec, "cpu")),
            () -> {
              TrustedCode.allow(module);
              Backbones.open(spec, "cpu");
            })) {
      refused = assertThrows(BadInputException.class, allowed);
      assertTrue(refused.getMessage().contains("torch.jit.save"), refused.getMessage());
    }
    Files.writeString(module, "changed since");
    refused = assertThrows(BadInputException.class, () -> Backbones.open(spec, "cpu"));
    assertTrue(refused.getMessage().contains("--trust"), refused.getMessage());
  }

  /** The stored image from [-1, 1] back to [0, 1]. */
  private static Tensor pixels(SafeTensors stored) {
    Tensor image = stored.tensor("image");
    float[] values = image.toFloats();
    for (int i = 0; i < values.length; i++) {
      values[i] = (values[i] + 1) / 2;
    }
    return Tensor.of(values, 3, image.size(2), image.size(3));
  }

  private static void assertFeatures(SafeTensors stored, PatchFeatures found) {
    assertClose(stored.tensor("low"), found.low());
    assertClose(stored.tensor("mid"), found.mid());
    assertClose(stored.tensor("high"), found.high());
  }

  private static void assertClose(Tensor expected, Tensor found) {
    assertEquals(expected.size(), found.size());
    for (long i = 0; i < expected.size(); i++) {
      assertEquals(expected.get(i), found.get(i), TOLERANCE);
    }
  }

  @Test
  void featuresAreTheStoredOnes() throws IOException {
    assertTrue(new TorchScriptProvider().availability().available());
    try (Backbone backbone = open();
        SafeTensors stored =
            SafeTensors.open(weights().resolve("mobilenetv2-dense-test.safetensors"));
        Tensor pixels = pixels(stored);
        PatchFeatures features = backbone.extract(pixels)) {
      assertEquals("torchscript:mobilenetv2-dense.pt", backbone.id());
      assertEquals(64, backbone.sha256().length());
      assertEquals(16, backbone.patchSize());
      assertEquals(new Backbone.FeatureDims(32, 64, 416), backbone.dims());
      assertEquals(6, features.gridRows());
      assertEquals(8, features.gridColumns());
      assertFeatures(stored, features);
    }
  }

  @Test
  void servesSeveralThreads() throws IOException {
    try (Backbone backbone = open();
        SafeTensors stored =
            SafeTensors.open(weights().resolve("mobilenetv2-dense-test.safetensors"));
        Tensor pixels = pixels(stored)) {
      Parallel.forEach(
          3,
          12,
          task -> {
            try (PatchFeatures features = backbone.extract(pixels)) {
              assertFeatures(stored, features);
            }
          });
    }
  }

  @Test
  void refusesWhatDoesNotFit(@TempDir Path folder) throws IOException {
    Path text = Files.writeString(folder.resolve("text.pt"), "not a module");
    TrustedCode.allow(text);
    assertThrows(
        BadInputException.class, () -> Backbones.open("torchscript:" + text.toString(), "cpu"));
    assertThrows(
        BadInputException.class,
        () -> Backbones.open("torchscript:" + folder + "/absent.pt", "cpu"));
    assertThrows(BadInputException.class, () -> Backbones.open("torchscript:" + "", "cpu"));
    UnavailableException noDevice =
        assertThrows(
            UnavailableException.class,
            () -> Backbones.open("torchscript:" + text.toString(), "cuda:7"));
    assertTrue(noDevice.getMessage().contains("cuda:7"));
    assertTrue(noDevice.getMessage().contains("cpu"));
    Backbone backbone = open();
    try (backbone;
        Tensor odd = Tensor.allocate(DType.F32, 3, 40, 48)) {
      assertThrows(BadInputException.class, () -> backbone.extract(odd));
    }
    backbone.close();
    try (Tensor pixels = Tensor.allocate(DType.F32, 3, 32, 32)) {
      assertThrows(IllegalStateException.class, () -> backbone.extract(pixels));
    }
  }
}
