package dev.eigenseg.infer.vit;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assertions.fail;

import dev.eigenseg.api.PatchFeatures;
import dev.eigenseg.api.internal.file.SafeTensors;
import dev.eigenseg.api.tensor.Tensor;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;

/** A real DINOv2 against features that timm computed with its weights. */
class PublishedVitTest {
  private static final float TOLERANCE = 2e-3f;

  private static Path weights() {
    Path file =
        Path.of(
            System.getProperty("eigenseg.shared", "../shared"),
            "weights",
            "vit-s14-dinov2.safetensors");
    if (!Files.isRegularFile(file)) {
      String reason = "no weights at " + file + "; set -Deigenseg.shared=DIR";
      if (System.getenv("CI") != null) {
        fail(reason);
      }
      Assumptions.abort(reason);
    }
    return file;
  }

  @Test
  void featuresAreTheStoredOnes() throws IOException {
    Path weights = weights();
    // The stored image is normalised already.
    Map<String, String> plain = Map.of("normalization", "0,0,0/1,1,1");
    try (VitCheckpoint checkpoint = VitCheckpoint.open(weights, Map.of())) {
      VitConfig config = checkpoint.config();
      assertEquals(List.of(), checkpoint.assumptions());
      assertEquals(6, config.heads());
      assertEquals(37, config.gridRows());
      assertEquals(PixelNormalization.IMAGENET, config.normalization());
      assertTrue(config.layerScale());
    }
    try (SafeTensors stored =
            SafeTensors.open(weights.resolveSibling("vit-s14-dinov2-test.safetensors"));
        VitBackbone backbone = VitBackbone.open(weights, plain)) {
      Tensor image = stored.tensor("image");
      try (PatchFeatures features =
          backbone.extract(image.reshape(3, image.size(2), image.size(3)), 2)) {
        compare(stored, "low", features.low());
        compare(stored, "mid", features.mid());
        compare(stored, "high", features.high());
      }
    }
  }

  private static void compare(SafeTensors stored, String name, Tensor found) {
    Tensor all = stored.tensor(name);
    Tensor wanted = all.reshape(all.size(1), all.size(2));
    assertEquals(wanted.size(), found.size(), name);
    for (long i = 0; i < wanted.size(); i++) {
      assertEquals(wanted.get(i), found.get(i), TOLERANCE, name + " " + i);
    }
  }
}
