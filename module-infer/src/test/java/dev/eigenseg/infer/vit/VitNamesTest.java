package dev.eigenseg.infer.vit;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.eigenseg.api.BadInputException;
import dev.eigenseg.api.PatchFeatures;
import dev.eigenseg.api.internal.file.SafeTensors;
import dev.eigenseg.api.internal.file.SafeTensorsWriter;
import dev.eigenseg.api.internal.kernel.VectorMath;
import dev.eigenseg.api.tensor.DType;
import dev.eigenseg.api.tensor.Tensor;
import dev.eigenseg.infer.Fixtures;
import dev.eigenseg.infer.TestSeed;
import dev.eigenseg.infer.vit.VitConfig.Activation;
import dev.eigenseg.infer.vit.VitConfig.Positions;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.SequencedMap;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The same weights under other names give the same features, bit by bit. */
class VitNamesTest {
  private static final int DIM = 24;

  @TempDir Path folder;
  private final Random random = TestSeed.random();

  /** Writes tensors of a timm file anew; what the change puts into the map are views. */
  private Path renamed(Path timm, UnaryOperator<SequencedMap<String, Tensor>> change)
      throws IOException {
    Path file = folder.resolve("renamed.safetensors");
    try (SafeTensors source = SafeTensors.open(timm)) {
      SequencedMap<String, Tensor> tensors = new LinkedHashMap<>();
      source.names().forEach(name -> tensors.put(name, source.tensor(name)));
      SafeTensorsWriter.write(file, Map.of(), change.apply(tensors));
    }
    return file;
  }

  private static SequencedMap<String, Tensor> names(
      SequencedMap<String, Tensor> tensors, UnaryOperator<String> name) {
    SequencedMap<String, Tensor> result = new LinkedHashMap<>();
    tensors.forEach((key, tensor) -> result.put(name.apply(key), tensor));
    return result;
  }

  /** Replaces each tensor whose name contains a text by parts of its rows. */
  private static void split(
      SequencedMap<String, Tensor> tensors, String text, String... replacements) {
    for (String name : List.copyOf(tensors.keySet())) {
      if (name.contains(text)) {
        Tensor whole = tensors.remove(name);
        long rows = whole.size(0) / replacements.length;
        for (int i = 0; i < replacements.length; i++) {
          tensors.put(name.replace(text, replacements[i]), whole.slice(i * rows, rows));
        }
      }
    }
  }

  private void assertSameFeatures(Path timm, Path other, Map<String, String> settings)
      throws IOException {
    try (VitBackbone expected = VitBackbone.open(timm, settings);
        VitBackbone found = VitBackbone.open(other, settings);
        VitBackbone again = VitBackbone.open(other, found.settings());
        Tensor pixels = Fixtures.gaussian(random, 0.5, 3, 20, 8)) {
      assertEquals(expected.settings(), found.settings());
      assertEquals(List.of(), again.assumptions());
      try (PatchFeatures a = expected.extract(pixels);
          PatchFeatures b = found.extract(pixels);
          PatchFeatures c = again.extract(pixels)) {
        assertArrayEquals(a.low().toFloats(), b.low().toFloats());
        assertArrayEquals(a.high().toFloats(), b.high().toFloats());
        assertArrayEquals(a.high().toFloats(), c.high().toFloats());
      }
    }
  }

  private Path dinov3(boolean gated) throws IOException {
    return VitFixtures.write(
        folder.resolve("dinov3.safetensors"), random, VitFixtures.rotary(4, DIM, 2, gated));
  }

  private static final Map<String, String> DINOV3 =
      Map.of("heads", "2", "normalization", "imagenet", "activation", "silu", "rope-theta", "70");

  @Test
  void dinov3OfTransformers() throws IOException {
    for (boolean gated : new boolean[] {false, true}) {
      Path timm = dinov3(gated);
      Path other =
          renamed(
              timm,
              tensors -> {
                split(
                    tensors,
                    "attn.qkv",
                    "attention.q_proj",
                    "attention.k_proj",
                    "attention.v_proj");
                if (gated) {
                  split(tensors, "mlp.fc1", "mlp.gate_proj", "mlp.up_proj");
                }
                return names(
                    tensors,
                    name ->
                        name.replace("blocks.", "layer.")
                            .replace("attn.proj", "attention.o_proj")
                            .replace("mlp.fc1", "mlp.up_proj")
                            .replace("mlp.fc2", "mlp.down_proj")
                            .replaceAll("ls(.)\\.gamma", "layer_scale$1.lambda1")
                            .replace("patch_embed.proj", "embeddings.patch_embeddings")
                            .replace("cls_token", "embeddings.cls_token")
                            .replace("reg_token", "embeddings.register_tokens"));
              });
      assertSameFeatures(timm, other, DINOV3);
    }
  }

  @Test
  void dinov3OfItsRepository() throws IOException {
    for (boolean gated : new boolean[] {false, true}) {
      Path timm = dinov3(gated);
      Path other =
          renamed(
              timm,
              tensors -> {
                if (gated) {
                  split(tensors, "mlp.fc1", "mlp.w1", "mlp.w2");
                }
                return names(
                    tensors,
                    name ->
                        name.replace("reg_token", "storage_tokens")
                            .replace("mlp.fc2", gated ? "mlp.w3" : "mlp.fc2"));
              });
      assertSameFeatures(timm, other, DINOV3);
    }
  }

  @Test
  void aMaskedBiasOfKeysIsZero() throws IOException {
    Path timm = dinov3(false);
    Path zeroed;
    try (Tensor zeros = Tensor.of(new float[DIM], DIM);
        Tensor nans = Tensor.of(new float[3 * DIM], 3 * DIM)) {
      zeroed =
          renamed(
              timm,
              tensors -> {
                split(tensors, "attn.qkv.bias", "attn.q_bias", "attn.k_bias", "attn.v_bias");
                tensors.keySet().removeIf(name -> name.endsWith("k_bias"));
                return tensors;
              });
      Path kept = Files.move(zeroed, folder.resolve("zeroed.safetensors"));
      Path masked =
          renamed(
              timm,
              tensors -> {
                tensors.put("blocks.0.attn.qkv.bias_mask", nans);
                tensors.put("blocks.1.attn.qkv.bias_mask", nans);
                return tensors;
              });
      assertSameFeatures(kept, masked, DINOV3);
      Path explicit =
          renamed(
              timm,
              tensors -> {
                split(tensors, "attn.qkv.bias", "attn.q_bias", "attn.k_bias", "attn.v_bias");
                tensors.replaceAll((name, tensor) -> name.endsWith("k_bias") ? zeros : tensor);
                return tensors;
              });
      assertSameFeatures(kept, explicit, DINOV3);
    }
  }

  @Test
  void storedPeriodsTellTheHeads() throws IOException {
    Path timm = dinov3(false);
    try (Tensor periods = Tensor.of(new float[] {1, 3, 9}, 3)) {
      Path other =
          renamed(
              timm,
              tensors -> {
                tensors.put("rope_embed.periods", periods);
                return tensors;
              });
      try (VitCheckpoint checkpoint = VitCheckpoint.open(other, Map.of())) {
        assertEquals(2, checkpoint.config().heads());
        assertTrue(checkpoint.config().rotary().orElseThrow().stored());
      }
    }
  }

  @Test
  void dinov2OfItsRepositoryInChunks() throws IOException {
    VitConfig config = VitFixtures.config(4, DIM, 3, 0, true, false, Activation.GELU);
    Path timm = VitFixtures.write(folder.resolve("dinov2.safetensors"), random, config);
    try (Tensor mask = Tensor.of(new float[DIM], 1, DIM)) {
      for (List<String> chunks :
          List.of(List.of("0.0", "0.1", "1.2"), List.of("0.0", "0.1", "1.0"))) {
        Path other =
            renamed(
                timm,
                tensors -> {
                  tensors.put("mask_token", mask);
                  return names(
                      tensors,
                      name -> {
                        String result = name;
                        for (int i = 2; i >= 0; i--) {
                          result =
                              name.startsWith("blocks." + i + ".")
                                  ? "blocks." + chunks.get(i) + name.substring(8)
                                  : result;
                        }
                        return result;
                      });
                });
        try (VitCheckpoint checkpoint = VitCheckpoint.open(other, Map.of("heads", "2"))) {
          assertEquals(3, checkpoint.config().depth());
          assertEquals(Positions.BICUBIC_OFFSET, checkpoint.config().positions());
          assertTrue(checkpoint.assumptions().toString().contains("bicubic-offset"));
        }
        Map<String, String> settings = Map.of("heads", "2", "positions", "bicubic");
        assertSameFeatures(timm, other, settings);
      }
    }
  }

  @Test
  void prefixesAreRemovedAndSaid() throws IOException {
    Path timm =
        VitFixtures.write(folder.resolve("t.safetensors"), random, VitFixtures.plain(4, DIM, 2));
    Map<String, String> heads = Map.of("heads", "2");
    for (String prefix :
        List.of("module.", "backbone.", "teacher.backbone.", "model.", "vit.", "module.model.")) {
      Path other = renamed(timm, tensors -> names(tensors, prefix::concat));
      assertSameFeatures(timm, other, heads);
      try (VitCheckpoint checkpoint = VitCheckpoint.open(other, heads)) {
        assertTrue(
            checkpoint.assumptions().getFirst().startsWith("prefix = " + prefix + ":"),
            checkpoint.assumptions().toString());
      }
    }
    Path both =
        renamed(
            timm,
            tensors -> {
              SequencedMap<String, Tensor> all = names(tensors, "student."::concat);
              all.putAll(names(tensors, "teacher."::concat));
              all.put("teacher_head.weight", tensors.get("norm.bias"));
              return all;
            });
    assertSameFeatures(timm, both, heads);
    Path two =
        renamed(
            timm,
            tensors -> {
              SequencedMap<String, Tensor> all = names(tensors, "left."::concat);
              all.putAll(names(tensors, "right."::concat));
              return all;
            });
    String message =
        assertThrows(BadInputException.class, () -> VitCheckpoint.open(two, heads)).getMessage();
    assertTrue(message.contains("'left.', 'right.'"), message);
  }

  @Test
  void aMissingPartIsNamed() throws IOException {
    Path timm = dinov3(false);
    Path other =
        renamed(
            timm,
            tensors -> {
              split(
                  tensors, "attn.qkv", "attention.q_proj", "attention.k_proj", "attention.v_proj");
              tensors.remove("blocks.1.attention.k_proj.weight");
              return tensors;
            });
    String message =
        assertThrows(BadInputException.class, () -> VitCheckpoint.open(other, DINOV3)).getMessage();
    assertTrue(message.contains("blocks.1.attention.q_proj.weight"), message);
  }

  @Test
  void whatWasJoinedCanGoIntoALargerFile() throws IOException {
    for (DType type : new DType[] {DType.F32, DType.F16}) {
      Path timm = dinov3(true);
      Path other =
          renamed(
              timm,
              tensors -> {
                split(
                    tensors,
                    "attn.qkv",
                    "attention.q_proj",
                    "attention.k_proj",
                    "attention.v_proj");
                split(tensors, "mlp.fc1", "mlp.gate_proj", "mlp.up_proj");
                tensors.keySet().removeIf(name -> name.endsWith("k_proj.bias"));
                tensors.replaceAll((name, tensor) -> narrowed(tensor, type));
                return tensors;
              });
      Path larger = folder.resolve("larger.safetensors");
      try (VitCheckpoint checkpoint = VitCheckpoint.open(other, DINOV3);
          Arena arena = Arena.ofShared()) {
        SequencedMap<String, Tensor> tensors = new LinkedHashMap<>();
        for (String name : checkpoint.config().weightShapes().keySet()) {
          Tensor tensor = checkpoint.tensor(name, arena);
          assertEquals(type, tensor.dtype(), name);
          tensors.put("backbone." + name, tensor);
        }
        SafeTensorsWriter.write(larger, Map.of(), tensors);
        try (SafeTensors file = SafeTensors.open(larger);
            VitCheckpoint inner = VitCheckpoint.borrow(file, "backbone.", checkpoint.settings());
            VitBackbone a = new VitBackbone(checkpoint, "vit:a", () -> "00");
            VitBackbone b = new VitBackbone(inner, "vit:a", () -> "00");
            Tensor pixels = Fixtures.gaussian(random, 0.5, 3, 12, 20);
            PatchFeatures wanted = a.extract(pixels);
            PatchFeatures found = b.extract(pixels)) {
          assertEquals(checkpoint.config(), inner.config());
          assertArrayEquals(wanted.high().toFloats(), found.high().toFloats());
        }
      }
    }
  }

  private static Tensor narrowed(Tensor tensor, DType type) {
    if (type == DType.F32) {
      return tensor;
    }
    Tensor narrow = Tensor.allocate(DType.F16, tensor.shape());
    VectorMath.best().f32ToF16(tensor.segment(), 0, narrow.segment(), 0, tensor.size());
    return narrow;
  }
}
