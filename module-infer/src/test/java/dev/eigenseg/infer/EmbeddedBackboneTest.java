package dev.eigenseg.infer;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.eigenseg.api.Backbone;
import dev.eigenseg.api.CorruptFileException;
import dev.eigenseg.api.IncompatibleException;
import dev.eigenseg.api.Segmentation;
import dev.eigenseg.api.Segmenter;
import dev.eigenseg.api.UnavailableException;
import dev.eigenseg.api.internal.file.SafeTensors;
import dev.eigenseg.api.internal.file.SafeTensorsWriter;
import dev.eigenseg.api.tensor.DType;
import dev.eigenseg.api.tensor.Tensor;
import dev.eigenseg.infer.segment.SafetensorsSegmenterLoader;
import dev.eigenseg.infer.vit.PixelNormalization;
import dev.eigenseg.infer.vit.VitBackbone;
import dev.eigenseg.infer.vit.VitConfig;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.SequencedMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Models whose file holds their backbone too. */
class EmbeddedBackboneTest {
  private static final SafetensorsSegmenterLoader LOADER = new SafetensorsSegmenterLoader();
  private static final Map<String, String> SETTINGS =
      Map.of("heads", "2", "high", "keys", "normalization", "imagenet");

  @TempDir Path folder;

  private Path weights;
  private Path model;

  /** A tiny checkpoint with a class head and a model of it that tells places of the image apart. */
  private void make(DType dtype) throws IOException {
    Random random = new Random(2);
    VitConfig config =
        new VitConfig(
            8,
            64,
            2,
            2,
            96,
            false,
            3,
            3,
            true,
            false,
            0,
            1,
            true,
            false,
            true,
            true,
            1e-6f,
            VitConfig.Activation.GELU,
            PixelNormalization.IMAGENET,
            VitConfig.High.KEYS,
            VitConfig.Positions.BICUBIC,
            Optional.empty());
    SequencedMap<String, long[]> shapes = config.weightShapes();
    shapes.put("head.weight", new long[] {10, 64});
    SequencedMap<String, Tensor> tensors = new LinkedHashMap<>();
    Fixtures.weights(random, shapes)
        .forEach((name, tensor) -> tensors.put(name, narrowed(tensor, dtype)));
    weights = folder.resolve("weights").resolve("tiny.safetensors");
    Files.createDirectories(weights.getParent());
    SafeTensorsWriter.write(weights, Map.of(), tensors);
    Fixtures.close(tensors);
    model = folder.resolve("model.safetensors");
    try (VitBackbone backbone = VitBackbone.open(weights, SETTINGS)) {
      SegmenterModel made = model(random, backbone);
      SegmenterFile.write(model, made);
      Fixtures.close(made.tensors());
    }
  }

  private static Tensor narrowed(Tensor tensor, DType dtype) {
    if (dtype == DType.F32) {
      return tensor;
    }
    try (tensor) {
      Tensor narrow = Tensor.allocate(dtype, tensor.shape());
      for (long i = 0; i < tensor.size(); i++) {
        short bits =
            dtype == DType.F16
                ? Float.floatToFloat16(tensor.get(i))
                : (short) (Float.floatToRawIntBits(tensor.get(i)) >>> 16);
        narrow.segment().setAtIndex(ValueLayout.JAVA_SHORT, i, bits);
      }
      return narrow;
    }
  }

  private SegmenterModel model(Random random, Backbone backbone) {
    PsiConfig psi = PsiConfig.of(backbone.dims(), 32, 2, 16, 24, 2, 6);
    return VitModels.model(random, backbone, psi, "vit:" + weights);
  }

  private static List<Integer> segment(Segmenter segmenter) {
    BufferedImage image = Fixtures.image(new Random(3), 75, 61);
    Segmentation segmentation = segmenter.segment(image);
    List<Integer> clusters = new ArrayList<>();
    for (int y = 0; y < segmentation.height(); y++) {
      for (int x = 0; x < segmentation.width(); x++) {
        clusters.add(segmentation.clusterAt(x, y));
      }
    }
    return clusters;
  }

  @ParameterizedTest
  @EnumSource(names = {"F32", "F16", "BF16"})
  void oneFileAloneSegmentsAsTwoDid(DType dtype) throws IOException {
    make(dtype);
    List<Integer> expected;
    try (Segmenter segmenter = Segmenter.load(model, "vit:" + weights, "cpu")) {
      expected = segment(segmenter);
      assertTrue(expected.stream().distinct().count() > 1, "one cluster only");
    }
    byte[] before = Files.readAllBytes(model);
    Path one = Files.createDirectories(folder.resolve("alone")).resolve("one.safetensors");
    SegmenterFile.embed(model, weights, one);
    assertArrayEquals(before, Files.readAllBytes(model), "the model is left as it was");
    try (SegmenterFile file = SegmenterFile.open(one)) {
      assertEquals(dtype, file.backbone().get("blocks.1.mlp.fc2.weight").dtype());
      assertFalse(file.backbone().containsKey("head.weight"), "the class head");
    }
    Files.delete(weights);
    assertThrows(UnavailableException.class, () -> Segmenter.load(model));
    try (Segmenter segmenter = Segmenter.load(one)) {
      assertEquals(expected, segment(segmenter));
      assertEquals("vit:tiny", segmenter.backbone().id());
      assertEquals("keys", segmenter.backbone().settings().get("high"));
    }
  }

  @Test
  void namesAreStoredBesideTheBackbone() throws IOException {
    make(DType.F16);
    SegmenterFile.embed(model, weights, model); // in place
    Files.delete(weights);
    List<Integer> expected;
    try (Segmenter segmenter = Segmenter.load(model)) {
      expected = segment(segmenter);
    }
    SegmenterFile.storeNames(model, SegmenterFile.fingerprint(model), Fixtures.names(6));
    try (Segmenter segmenter = Segmenter.load(model)) {
      assertTrue(segmenter.info().names().isPresent());
      assertEquals(expected, segment(segmenter));
    }
  }

  @Test
  void embeddingAgainAndLeavingOutGiveTheSameFiles() throws IOException {
    make(DType.F32);
    Path one = folder.resolve("one");
    Path again = folder.resolve("again");
    Path without = folder.resolve("without");
    SegmenterFile.embed(model, weights, one);
    SegmenterFile.embed(one, weights, again);
    assertEquals(-1, Files.mismatch(one, again));
    try (SegmenterFile file = SegmenterFile.open(one)) {
      SegmenterFile.write(without, file.model());
    }
    assertEquals(-1, Files.mismatch(model, without), "without a backbone nothing has changed");
  }

  @Test
  void aFlippedBitInTheBackboneIsFound() throws IOException {
    make(DType.F32);
    Path one = folder.resolve("one.safetensors");
    SegmenterFile.embed(model, weights, one);
    byte[] whole = Files.readAllBytes(one);
    Random random = TestSeed.random();
    int found = 0;
    for (String name : List.of("pos_embed", "blocks.0.attn.qkv.weight", "norm.bias")) {
      long offset = offset(one, SegmenterFile.BACKBONE + name, random);
      byte[] damaged = whole.clone();
      damaged[Math.toIntExact(offset)] ^= (byte) (1 << random.nextInt(8));
      Files.write(one, damaged);
      assertThrows(CorruptFileException.class, () -> SegmenterFile.open(one).close(), name);
      CorruptFileException error =
          assertThrows(CorruptFileException.class, () -> Segmenter.load(one), name);
      assertTrue(error.getMessage().contains(name), error.getMessage());
      // Who brings a backbone of his own does not read the embedded one.
      LOADER.load(one, VitBackbone.open(weights, SETTINGS)).close();
      found++;
    }
    assertEquals(3, found);
  }

  private static long offset(Path file, String name, Random random) throws IOException {
    try (SafeTensors tensors = SafeTensors.open(file)) {
      String first = tensors.names().getFirst(); // the data begins with it
      long begin = tensors.tensor(first).segment().address();
      long data = Files.size(file);
      for (String each : tensors.names()) {
        data -= tensors.tensor(each).segment().byteSize();
      }
      Tensor tensor = tensors.tensor(name);
      long within = random.nextLong(tensor.segment().byteSize());
      return data + tensor.segment().address() - begin + within;
    }
  }

  @Test
  void aVersionThatDoesNotFitItsTensorsIsDamage() throws IOException {
    make(DType.F32);
    Path one = folder.resolve("one.safetensors");
    SegmenterFile.embed(model, weights, one);
    for (Path file : List.of(one, model)) {
      Path forged = folder.resolve("forged");
      try (SafeTensors opened = SafeTensors.open(file)) {
        Map<String, String> metadata = new LinkedHashMap<>(opened.metadata());
        metadata.put("version", metadata.get("version").equals("1") ? "2" : "1");
        SequencedMap<String, Tensor> tensors = new LinkedHashMap<>();
        opened.names().forEach(name -> tensors.put(name, opened.tensor(name)));
        SafeTensorsWriter.write(forged, metadata, tensors);
      }
      assertThrows(CorruptFileException.class, () -> SegmenterFile.open(forged).close());
    }
  }

  @Test
  void onlyTheRightTransformerIsEmbedded() throws IOException {
    make(DType.F32);
    Path other = folder.resolve("other.safetensors");
    byte[] bytes = Files.readAllBytes(weights);
    bytes[bytes.length - 1] ^= 1;
    Files.write(other, bytes);
    Path target = folder.resolve("one");
    IncompatibleException error =
        assertThrows(IncompatibleException.class, () -> SegmenterFile.embed(model, other, target));
    assertTrue(error.getMessage().contains(other.toString()), error.getMessage());

    Path simple = folder.resolve("descriptor.safetensors");
    SegmenterModel made = Fixtures.model(new Random(1), SegmenterMethod.KMEANS_FEATURES, 3);
    SegmenterFile.write(simple, made);
    Fixtures.close(made.tensors());
    error =
        assertThrows(
            IncompatibleException.class, () -> SegmenterFile.embed(simple, weights, target));
    assertTrue(error.getMessage().contains("no weights to embed"), error.getMessage());
    assertFalse(Files.exists(target));
    assertEquals(Optional.empty(), LOADER.embeddedBackbone(simple));
  }

  @Test
  void aBackboneReadWithOtherSettingsIsRefused() throws IOException {
    make(DType.F32);
    Backbone tokens =
        VitBackbone.open(
            weights, Map.of("heads", "2", "high", "tokens", "normalization", "imagenet"));
    IncompatibleException error =
        assertThrows(IncompatibleException.class, () -> LOADER.load(model, tokens));
    assertTrue(
        error.getMessage().contains("keys") && error.getMessage().contains("tokens"),
        error.getMessage());
  }
}
