package dev.eigenseg.infer.vit;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.eigenseg.api.BadInputException;
import dev.eigenseg.api.CorruptFileException;
import dev.eigenseg.api.internal.file.SafeTensorsWriter;
import dev.eigenseg.api.tensor.DType;
import dev.eigenseg.api.tensor.Tensor;
import dev.eigenseg.infer.Fixtures;
import dev.eigenseg.infer.TestSeed;
import dev.eigenseg.infer.vit.VitConfig.Activation;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Map;
import java.util.Random;
import java.util.SequencedMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class VitCheckpointTest {
  @TempDir Path folder;
  private final Random random = TestSeed.random();

  private VitConfig read(Path file, Map<String, String> settings) throws IOException {
    try (VitCheckpoint checkpoint = VitCheckpoint.open(file, settings)) {
      return checkpoint.config();
    }
  }

  private String refusal(Path file, Map<String, String> settings) {
    return assertThrows(BadInputException.class, () -> read(file, settings)).getMessage();
  }

  /** Writes a checkpoint with other tensors beside its own. */
  private Path with(VitConfig config, Map<String, long[]> more, String... less) throws IOException {
    Path file = folder.resolve("m.safetensors");
    SequencedMap<String, Tensor> weights = VitFixtures.weights(random, config);
    try {
      more.forEach((name, shape) -> weights.put(name, Tensor.allocate(DType.F32, shape)));
      for (String name : less) {
        weights.remove(name).close();
      }
      SafeTensorsWriter.write(file, Map.of(), weights);
    } finally {
      Fixtures.close(weights);
    }
    return file;
  }

  @Test
  void whatNothingSaysIsAssumedAndSaid() throws IOException {
    Path file = with(VitFixtures.plain(16, 128, 2), Map.of("head.weight", new long[] {5, 128}));
    try (VitCheckpoint checkpoint = VitCheckpoint.open(file, Map.of())) {
      assertEquals(2, checkpoint.config().heads());
      assertEquals(1e-6f, checkpoint.config().eps());
      assertEquals(PixelNormalization.VIT, checkpoint.config().normalization());
      String assumed = String.join("\n", checkpoint.assumptions());
      for (String name : new String[] {"heads = 2", "eps = 1e-6", "normalization = vit"}) {
        assertTrue(assumed.contains(name), assumed);
      }
    }
  }

  @Test
  void timmsConfigurationBesideTheFileIsRead() throws IOException {
    Path file = with(VitFixtures.plain(16, 128, 2), Map.of());
    Path json = folder.resolve("config.json");
    Files.writeString(
        json,
        """
        {"architecture": "vit_tiny_patch16_48", "num_features": 128,
         "model_args": {"num_heads": 4, "act_layer": "quick_gelu"},
         "pretrained_cfg": {"input_size": [3, 48, 48],
           "mean": [0.485, 0.456, 0.406], "std": [0.229, 0.224, 0.225]}}
        """);
    try (VitCheckpoint checkpoint = VitCheckpoint.open(file, Map.of())) {
      assertEquals(4, checkpoint.config().heads());
      assertEquals(Activation.QUICK_GELU, checkpoint.config().activation());
      assertEquals(PixelNormalization.IMAGENET, checkpoint.config().normalization());
      assertTrue(checkpoint.assumptions().isEmpty(), checkpoint.assumptions().toString());
    }
    assertEquals(8, read(file, Map.of("heads", "8")).heads());
    Files.writeString(json, "{\"architecture\": \"x\", \"num_features\": 64}");
    assertTrue(refusal(file, Map.of()).contains("64 channels"));
    Files.writeString(json, "{\"model_type\": \"of something else\"}");
    assertEquals(2, read(file, Map.of()).heads());
    Files.writeString(json, "{");
    assertTrue(refusal(file, Map.of()).contains("config.json"));
  }

  @Test
  void realAmbiguitiesAreErrors() throws IOException {
    assertTrue(
        refusal(with(VitFixtures.plain(8, 40, 1), Map.of()), Map.of()).contains("set heads"));
    VitConfig clip = VitFixtures.config(8, 64, 1, 0, false, true, Activation.GELU);
    Path tower = with(clip, Map.of());
    assertTrue(refusal(tower, Map.of()).contains("set activation"));
    assertEquals(1e-5f, read(tower, Map.of("activation", "gelu")).eps());
    Path oblong = with(VitFixtures.plain(8, 64, 1), Map.of("pos_embed", new long[] {1, 7, 64}));
    assertTrue(refusal(oblong, Map.of()).contains("set grid"));
    assertEquals(3, read(oblong, Map.of("grid", "2x3")).gridColumns());
    assertTrue(refusal(oblong, Map.of("grid", "2x2")).contains("2 x 2"));
  }

  @Test
  void aRectangularGridIsNeverTakenForASquare() throws IOException {
    // 16 positions and one of the class token, on patches of 8 pixels.
    Path file = with(VitFixtures.plain(8, 64, 1), Map.of("pos_embed", new long[] {1, 17, 64}));
    try (VitCheckpoint checkpoint = VitCheckpoint.open(file, Map.of())) {
      assertEquals(4, checkpoint.config().gridRows());
      assertTrue(checkpoint.assumptions().toString().contains("--grid"), "said");
    }
    Path json = folder.resolve("config.json");
    String text = "{\"architecture\": \"vit\", \"%s\": {\"%s\": %s}}";
    Files.writeString(json, text.formatted("model_args", "img_size", "[16, 64]"));
    assertEquals(2, read(file, Map.of()).gridRows());
    assertEquals(8, read(file, Map.of()).gridColumns());
    Files.writeString(json, text.formatted("pretrained_cfg", "input_size", "[3, 512, 32]"));
    try (VitCheckpoint checkpoint = VitCheckpoint.open(file, Map.of())) {
      assertEquals(16, checkpoint.config().gridRows());
      assertTrue(checkpoint.assumptions().toString().contains("grid = 16x1"));
      assertEquals(checkpoint.config(), read(file, checkpoint.settings()));
    }
    Files.writeString(json, text.formatted("pretrained_cfg", "input_size", "[3, 96, 32]"));
    assertTrue(refusal(file, Map.of()).contains("--grid"));
    assertEquals(2, read(file, Map.of("grid", "2x8")).gridRows());
  }

  @Test
  void theConfigurationOfTransformersIsRead() throws IOException {
    Path file = with(VitFixtures.plain(8, 64, 1), Map.of());
    Files.writeString(
        folder.resolve("config.json"),
        """
        {"model_type": "vit", "hidden_size": 64, "num_attention_heads": 4, "image_size": [24, 24],
         "hidden_act": "gelu_pytorch_tanh", "layer_norm_eps": 0.001}
        """);
    Files.writeString(
        folder.resolve("preprocessor_config.json"),
        "{\"image_mean\": [0.1, 0.2, 0.3], \"image_std\": [0.4, 0.5, 0.6]}");
    try (VitCheckpoint checkpoint = VitCheckpoint.open(file, Map.of())) {
      assertEquals(4, checkpoint.config().heads());
      assertEquals(1e-3f, checkpoint.config().eps());
      assertEquals(Activation.GELU_TANH, checkpoint.config().activation());
      assertEquals("0.1,0.2,0.3/0.4,0.5,0.6", checkpoint.config().normalization().text());
      assertTrue(checkpoint.assumptions().isEmpty(), checkpoint.assumptions().toString());
    }
  }

  @Test
  void whatTurnsInAnotherWayIsNoDinov3() throws IOException {
    VitConfig config = VitFixtures.config(8, 64, 1, 0, true, false, Activation.GELU);
    // As in timm's RoPE-ViT: a last norm, neither positions nor registers.
    assertTrue(refusal(with(config, Map.of(), "pos_embed"), Map.of()).contains("no 'pos_embed'"));
    VitConfig tower = VitFixtures.config(8, 64, 1, 0, false, true, Activation.GELU);
    Path encoder = with(tower, Map.of(), "norm.weight", "norm.bias");
    assertTrue(refusal(encoder, Map.of("activation", "gelu")).contains("Perception Encoder"));
    Path pooled = with(tower, Map.of("attn_pool.latent", new long[] {1, 1, 64}));
    assertTrue(refusal(pooled, Map.of("activation", "gelu")).contains("Perception Encoder"));
  }

  @Test
  void aConfigurationNamesWhatTensorsDoNotShow() throws IOException {
    Path file = with(VitFixtures.plain(8, 64, 1), Map.of());
    Files.writeString(
        folder.resolve("config.json"), "{\"architecture\": \"eva02_tiny_patch14_224\"}");
    assertTrue(refusal(file, Map.of()).contains("eva02_tiny_patch14_224"));
  }

  @Test
  void unknownAndUnfitSettingsAreRefused() throws IOException {
    Path file = with(VitFixtures.plain(8, 64, 1), Map.of());
    Map<String, String> unfit =
        Map.of(
            "head",
            "2",
            "heads",
            "3",
            "normalization",
            "none",
            "high",
            "values",
            "eps",
            "-1",
            "positions",
            "cubic",
            "activation",
            "relu",
            "grid",
            "3");
    unfit.forEach((name, value) -> {
      String message = refusal(file, Map.of(name, value));
      assertTrue(message.contains(name), message);
    });
  }

  @Test
  void otherNetworksAreNamed() throws IOException {
    VitConfig config = VitFixtures.plain(8, 64, 1);
    Map<String, String> foreign =
        Map.ofEntries(
            Map.entry("layers.0.blocks.1.attn.relative_position_bias_table", "Swin"),
            Map.entry("blocks.0.attn.relative_position_bias_table", "BEiT"),
            Map.entry("blocks.0.attn.rel_pos_h", "SAM"),
            Map.entry("stages.0.blocks.0.conv_dw.weight", "ConvNeXt"),
            Map.entry("stages.0.blocks.0.gamma", "ConvNeXt"),
            Map.entry("stages.0.0.dwconv.weight", "a ConvNeXt"),
            Map.entry("blocks.0.proj.weight", "Hiera"),
            Map.entry("layer1.0.conv1.weight", "ResNet"),
            Map.entry("blocks.0.0.conv_pw.weight", "EfficientNet"),
            Map.entry("blocks.0.mlp.norm.weight", "EVA-02"),
            Map.entry("blocks.0.attn.q_proj.weight", "EVA-02"),
            Map.entry("blocks.0.attn.q_bias", "EVA"),
            Map.entry("blocks.0.gamma_1", "EVA"),
            Map.entry("blocks.0.attn.q_norm.weight", "normalised queries"),
            Map.entry("patch_embed.conv1.weight", "convolutional stem"),
            Map.entry("transformer.resblocks.0.ln_1.weight", "OpenCLIP"),
            Map.entry("encoder.embed_tokens.weight", "language model"),
            Map.entry("blocks.0.mlp.fc3.weight", "nothing is known"),
            Map.entry("rope.periods", "rotary"));
    for (Map.Entry<String, String> entry : foreign.entrySet()) {
      Path file = with(config, Map.of(entry.getKey(), new long[] {4}));
      String message = refusal(file, Map.of());
      assertTrue(message.contains(entry.getValue()) && message.contains("supported are"), message);
    }
    assertTrue(
        refusal(with(config, Map.of(), "norm.weight"), Map.of()).contains("no 'norm.weight'"));
    assertTrue(
        refusal(with(config, Map.of("norm.weight", new long[] {63})), Map.of())
            .contains("expected the shape [64]"));
  }

  @Test
  void aTruncatedFileIsCorrupt() throws IOException {
    Path file = with(VitFixtures.plain(8, 64, 1), Map.of());
    byte[] bytes = Files.readAllBytes(file);
    for (int i = 0; i < 40; i++) {
      Files.write(file, Arrays.copyOf(bytes, random.nextInt(bytes.length)));
      assertThrows(CorruptFileException.class, () -> read(file, Map.of()));
    }
  }

  @Test
  void filesBeyondTwoGibibytesAreMapped() throws IOException {
    Path file = with(VitFixtures.plain(8, 64, 1), Map.of());
    // The same tensors behind 3 GiB of a head that nothing reads and no disk holds.
    byte[] bytes = Files.readAllBytes(file);
    long header = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).getLong();
    String json = new String(bytes, 8, (int) header, StandardCharsets.UTF_8).strip();
    long hole = 3L << 30;
    StringBuilder shifted = new StringBuilder();
    Matcher offsets = Pattern.compile("\"data_offsets\":\\[(\\d+),(\\d+)\\]").matcher(json);
    while (offsets.find()) {
      long begin = Long.parseLong(offsets.group(1)) + hole;
      long end = Long.parseLong(offsets.group(2)) + hole;
      offsets.appendReplacement(shifted, "\"data_offsets\":[" + begin + "," + end + "]");
    }
    offsets.appendTail(shifted);
    String head =
        "{\"head.weight\":{\"dtype\":\"F32\",\"shape\":["
            + hole / 4
            + "],\"data_offsets\":[0,"
            + hole
            + "]},"
            + shifted.substring(1);
    byte[] text =
        (head + " ".repeat(Math.floorMod(-head.length(), 64))).getBytes(StandardCharsets.UTF_8);
    Path large = folder.resolve("large.safetensors");
    try (RandomAccessFile out = new RandomAccessFile(large.toFile(), "rw")) {
      out.writeLong(Long.reverseBytes(text.length));
      out.write(text);
      out.seek(8 + text.length + hole);
      out.write(bytes, (int) (8 + header), bytes.length - (int) (8 + header));
    }
    Map<String, String> settings = Map.of("heads", "2");
    try (VitBackbone small = VitBackbone.open(file, settings);
        VitBackbone big = VitBackbone.open(large, settings);
        Tensor pixels = Fixtures.gaussian(random, 0.5, 3, 16, 24);
        var wanted = small.extract(pixels);
        var found = big.extract(pixels)) {
      assertTrue(Files.size(large) > hole);
      assertArrayEquals(wanted.high().toFloats(), found.high().toFloats());
    }
  }
}
