package dev.eigenseg.infer;

import dev.eigenseg.api.Backbone;
import dev.eigenseg.infer.crf.CrfCases;
import dev.eigenseg.infer.descriptor.DescriptorBackbone;
import dev.eigenseg.infer.vit.VitConfig;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Random;
import javax.imageio.ImageIO;

/**
 * Writes what {@code eigenseg bench infer} compares on: {@code vit.safetensors}, a ViT-S/16 of the
 * published shapes (384 x 384 pixels), {@code model.safetensors} with psi of the default shapes for
 * it, {@code descriptor.safetensors} likewise on the built-in backbone, {@code photo.png} of 480 x
 * 480 pixels, and {@code crf.png} of 320 x 320. All of it is random.
 */
public final class ComparisonFiles {
  private static final int CLUSTERS = 256;
  private static final int SIDE = 480;
  private static final int CRF_SIDE = 320;

  private ComparisonFiles() {}

  /** Argument: the folder to write to. */
  public static void main(String[] args) throws IOException {
    Path folder = Path.of(args[0]);
    Random random = new Random(1);
    VitConfig small = VitModels.timm(384, 12, 24);
    PsiConfig psi = PsiConfig.of(VitModels.dims(small), 0, 18, 64, 576, 2, CLUSTERS);
    VitModels.write(folder, random, small, psi);
    try (Backbone descriptor = new DescriptorBackbone()) {
      PsiConfig own = PsiConfig.of(descriptor.dims(), 256, 4, 64, 128, 2, CLUSTERS);
      SegmenterModel model = VitModels.model(random, descriptor, own, descriptor.id());
      SegmenterFile.write(folder.resolve("descriptor.safetensors"), model);
      Fixtures.close(model.tensors());
    }
    ImageIO.write(Fixtures.image(random, SIDE, SIDE), "png", folder.resolve("photo.png").toFile());
    // The picture of CrfBenchmark.
    int[] rgb = CrfCases.photograph(new Random(1), CRF_SIDE, CRF_SIDE);
    BufferedImage photograph = new BufferedImage(CRF_SIDE, CRF_SIDE, BufferedImage.TYPE_INT_RGB);
    photograph.setRGB(0, 0, CRF_SIDE, CRF_SIDE, rgb, 0, CRF_SIDE);
    ImageIO.write(photograph, "png", folder.resolve("crf.png").toFile());
  }
}
