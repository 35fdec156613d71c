package your.app;

import dev.eigenseg.api.Backbone;
import dev.eigenseg.api.Backbones;
import dev.eigenseg.api.PatchFeatures;
import java.nio.file.Path;

/** The features of one image, without any model: {@code Features vit:dinov2.safetensors photo.jpg}. */
public final class Features {
  private Features() {}

  public static void main(String[] args) throws Exception {
    try (Backbone backbone = Backbones.open(args[0], "cpu");
        PatchFeatures features = backbone.extract(Path.of(args[1]))) {
      float[] rows = features.high().toFloats(); // or high().segment(), outside the heap
      System.out.printf(
          "%d x %d patches of %d channels%n",
          features.gridColumns(), features.gridRows(), rows.length / features.patches());
    }
  }
}
