package dev.eigenseg.cli.input;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;
import picocli.CommandLine.TypeConversionException;

class BackboneSpecTest {
  private static String convert(String text) {
    return new BackboneSpec().convert(text);
  }

  private static String refusal(String text) {
    return assertThrows(TypeConversionException.class, () -> convert(text)).getMessage();
  }

  @Test
  void aCheckpointAloneIsAVisionTransformer() {
    assertEquals("vit:folder/x.safetensors", convert("folder/x.safetensors"));
    assertEquals("vit:model.safetensors.index.json", convert("model.safetensors.index.json"));
    assertEquals("vit:x.safetensors", convert("vit:x.safetensors"));
    assertEquals("vit:dino.pth", convert("dino.pth"));
    assertEquals("descriptor", convert("descriptor"));
    assertEquals("torchscript:x.pt", convert("torchscript:x.pt"));
    assertEquals("nosuch", convert("nosuch"));
  }

  @Test
  void aNameOfTheCatalogueIsOffered() {
    for (String text : new String[] {"dinov2", "vit:dinov2", "DINOv2"}) {
      String message = refusal(text);
      assertTrue(message.contains("did you mean vit_small_patch14_reg4_dinov2.lvd142m"), message);
    }
    String message = refusal("dinov3-small");
    assertTrue(message.contains("vit_small_patch16_dinov3.lvd1689m"), message);
    String exact = refusal("vit_small_patch16_dinov3.lvd1689m");
    assertTrue(exact.contains("weights pull vit_small_patch16_dinov3.lvd1689m"), exact);
  }

  @Test
  void dinov3HasItsOwnLicence() {
    assertEquals(
        "dinov3-license",
        Catalogue.find("vit_base_patch16_dinov3.lvd1689m").orElseThrow().licence());
  }
}
