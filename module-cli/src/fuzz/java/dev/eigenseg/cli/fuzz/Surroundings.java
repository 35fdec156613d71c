package dev.eigenseg.cli.fuzz;

import com.google.gson.JsonParser;
import dev.eigenseg.api.Backbone.FeatureDims;
import dev.eigenseg.api.ImageGeometry;
import dev.eigenseg.api.PatchFeatures;
import dev.eigenseg.api.Progress;
import dev.eigenseg.api.Provenance;
import dev.eigenseg.api.bank.BankSettings;
import dev.eigenseg.api.bank.FeatureBankWriter;
import dev.eigenseg.api.internal.file.SafeTensorsWriter;
import dev.eigenseg.api.spi.KnnEngine;
import dev.eigenseg.api.spi.KnnIndex;
import dev.eigenseg.api.tensor.DType;
import dev.eigenseg.api.tensor.FeatureRows;
import dev.eigenseg.api.tensor.Tensor;
import dev.eigenseg.graph.KnnEngines;
import dev.eigenseg.graph.KnnGraphBuilder;
import dev.eigenseg.infer.vit.PixelNormalization;
import dev.eigenseg.infer.vit.VitConfig;
import dev.eigenseg.train.CheckpointReading;
import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SequencedMap;
import java.util.TreeMap;
import java.util.stream.Stream;
import javax.imageio.ImageIO;

/** Whole files of every kind, in a folder, of which one is then replaced. */
final class Surroundings {
  static final Provenance PROVENANCE =
      new Provenance("extract", new TreeMap<>(), new TreeMap<>(), 1, new TreeMap<>());
  static final BankSettings SETTINGS =
      new BankSettings(
          "tiny",
          "ab".repeat(32),
          "tiny",
          Map.of(),
          new FeatureDims(1, 1, 2),
          DType.F32,
          new ImageGeometry(Optional.empty(), 8));

  /** Joins rows by the lists that are given. */
  static final KnnGraphBuilder SEARCH =
      new KnnGraphBuilder(
          KnnEngines.select("vector", KnnIndex.Kind.IVF),
          new KnnEngine.Request(
              FeatureRows.of(rows()), 3, 1 << 26, 1, KnnIndex.ivf(4, 2, 1 << 20, false)),
          PROVENANCE);

  private static final Path GOLDEN = Path.of(System.getProperty("eigenseg.fuzz.golden"));
  private static final int SIDE = 16;

  private Surroundings() {}

  /** Writes a first input for every reader: {@code CORPUS/READER/seed...}. */
  public static void main(String[] arguments) throws IOException {
    Path folder = Path.of(arguments[0]);
    Path corpus = Path.of(arguments[1]);
    make(folder);
    for (Reader reader : Reader.values()) {
      Path inputs = Files.createDirectories(corpus.resolve(reader.text()));
      seed(inputs.resolve("seed"), Files.readAllBytes(reader.file(folder)));
    }
    for (String format : List.of("png", "jpg", "gif", "bmp", "tif")) {
      seed(corpus.resolve("image/seed-" + format), image(format, BufferedImage.TYPE_INT_RGB));
      seed(corpus.resolve("exif/seed-" + format), image(format, BufferedImage.TYPE_INT_RGB));
    }
    seed(corpus.resolve("image/seed-exif"), exif());
    seed(corpus.resolve("labels/seed-grey"), image("png", BufferedImage.TYPE_BYTE_GRAY));
    seed(corpus.resolve("labels/seed-16"), image("png", BufferedImage.TYPE_USHORT_GRAY));
    for (String name : List.of("kmeans-features", "kmeans-hidden")) {
      seed(corpus.resolve("model/" + name), Files.readAllBytes(GOLDEN.resolve(name + ".safetensors")));
    }
    seed(corpus.resolve("images/seed-f16"), Files.readAllBytes(GOLDEN.resolve("f16/images.tsv")));
    seed(corpus.resolve("vit-config/seed-timm"), timm().getBytes(StandardCharsets.UTF_8));
    seed(
        corpus.resolve("http/seed-redirect"),
        "HTTP/1.1 302 Found\r\nLocation: /x\r\nContent-Length: 0\r\n\r\n"
            .getBytes(StandardCharsets.UTF_8));
    seed(
        corpus.resolve("http/seed-range"),
        ("HTTP/1.1 206 Partial\r\nETag: \"a\"\r\nX-Linked-Etag: \"" + "ab".repeat(32)
                + "\"\r\nContent-Range: bytes 3-9/10\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n")
            .getBytes(StandardCharsets.UTF_8));
  }

  private static Tensor rows() {
    int rows = 24;
    float[] values = new float[2 * rows];
    for (int row = 0; row < rows; row++) {
      values[2 * row] = (float) Math.cos(row);
      values[2 * row + 1] = (float) Math.sin(row);
    }
    return Tensor.of(values, rows, 2);
  }

  private static void seed(Path file, byte[] content) throws IOException {
    byte[] input = new byte[content.length + 1];
    input[0] = 1;
    System.arraycopy(content, 0, input, 1, content.length);
    Files.write(file, input);
  }

  static void make(Path folder) throws IOException {
    copy(GOLDEN.resolve("f32"), folder.resolve("bank"));
    for (String name : List.of("graph.knn", "part-1.knn", "part-2.knn")) {
      Files.copy(GOLDEN.resolve(name), folder.resolve(name));
    }
    Files.copy(
        GOLDEN.resolve("neural-eigenfunctions.safetensors"), folder.resolve("model.safetensors"));
    Files.copy(folder.resolve("model.safetensors"), folder.resolve("t.safetensors"));
    unfinished(folder.resolve("unfinished"));
    copy(folder.resolve("unfinished"), folder.resolve("unfinished-levels"));
    text(
        Reader.JOURNAL.file(folder),
        new String(
            Seals.journal(
                "{\"version\":2,\"strip-rows\":8,\"settings\":{\"rows\":\"18\"}}\t0\n3\t0\n5\t0\n"
                    .getBytes(StandardCharsets.UTF_8)),
            StandardCharsets.UTF_8));
    SEARCH.prepare(Reader.LISTS.file(folder), Progress.NONE);
    checkpoint(folder.resolve("model.checkpoint"));
    vit(folder.resolve("vit.safetensors"));
    Files.createDirectories(folder.resolve("vit"));
    Files.copy(folder.resolve("vit.safetensors"), folder.resolve("vit/v.safetensors"));
    text(
        folder.resolve("vit/config.json"),
        "{\"model_type\": \"vit\", \"hidden_size\": 8, \"num_attention_heads\": 2, \"layer_norm_eps\": 1e-6, "
            + "\"hidden_act\": \"gelu\", \"image_size\": 8, \"patch_size\": 4}");
    Files.createDirectories(folder.resolve("shards"));
    text(folder.resolve("shards/a.safetensors"), "a");
    text(folder.resolve("shards/b.safetensors"), "b");
    text(
        folder.resolve("shards/m.safetensors.index.json"),
        "{\"metadata\": {}, \"weight_map\": {\"x\": \"a.safetensors\", \"y\": \"b.safetensors\"}}");
    Files.write(folder.resolve("labels.png"), image("png", BufferedImage.TYPE_BYTE_INDEXED));
    Files.write(folder.resolve("image"), image("png", BufferedImage.TYPE_4BYTE_ABGR));
    Files.write(folder.resolve("exif.jpg"), exif());
    text(
        folder.resolve("classes.json"),
        "{\"void_index\": 255, \"classes\": [{\"index\": 0, \"name\": \"road\", \"rgb\": [128, 64, 128]}, "
            + "{\"index\": 1, \"name\": \"sky\", \"rgb\": [0, 0, 1], \"labels\": [3, 4]}]}");
    text(folder.resolve("names.json"), "{\"0\": \"sky\", \"7\": \"road\"}");
    text(
        folder.resolve("answer"),
        "HTTP/1.1 200 OK\r\nETag: \"a\"\r\nContent-Length: 10\r\n\r\n\2\0\0\0\0\0\0\0{}");
  }

  /** Puts the levels of the unfinished bank back, of which a writer cuts what no line promises. */
  static void restoreLevels(Path bank) throws IOException {
    try (Stream<Path> files = Files.list(bank.resolveSibling("unfinished-levels"))) {
      for (Path file : files.filter(f -> f.toString().endsWith(".bank")).toList()) {
        Files.write(bank.resolve(file.getFileName()), Files.readAllBytes(file));
      }
    }
  }

  private static void unfinished(Path folder) throws IOException {
    try (FeatureBankWriter writer = FeatureBankWriter.open(folder, SETTINGS, PROVENANCE)) {
      for (int image = 0; image < 3; image++) {
        try (PatchFeatures features =
                new PatchFeatures(
                    1,
                    2,
                    Tensor.of(new float[] {1, 2}, 2, 1),
                    Tensor.of(new float[] {3, image}, 2, 1),
                    Tensor.of(new float[] {1, 2, 3, image}, 2, 2));
            Tensor colors = Tensor.of(new float[] {0, 1, 0, 1, 0, 1}, 2, 3)) {
          writer.append("image " + image, SIDE, 8, features, colors);
        }
      }
    }
  }

  private static void checkpoint(Path file) throws IOException {
    Map<String, String> metadata = new LinkedHashMap<>();
    metadata.put("format", "eigenseg-checkpoint");
    metadata.put("version", "3");
    metadata.put("provenance", CheckpointReading.WANTED.toJson().toString());
    metadata.put(
        "history",
        "{\"updates\":3,\"loss\":1.5,\"regularizer\":0.25,\"used\":[5],\"epochs\":[{\"epoch\":0,\"loss\":1.0,"
            + "\"regularizer\":0.5,\"clusters\":2,\"seconds\":1.5}]}");
    metadata.put("crc32c", "{}");
    try (Tensor weight = Tensor.of(new float[] {1, 2, 3, 4}, 2, 2)) {
      SafeTensorsWriter.write(file, metadata, new LinkedHashMap<>(Map.of("weight", weight)));
    }
    Files.write(file, Seals.tensors(Files.readAllBytes(file)));
  }

  private static void vit(Path file) throws IOException {
    VitConfig config =
        new VitConfig(
            4, 8, 1, 2, 8, false, 2, 2, true, false, 0, 1, false, false, true, true, 1e-6f,
            VitConfig.Activation.GELU, PixelNormalization.VIT, VitConfig.High.TOKENS,
            VitConfig.Positions.BICUBIC, Optional.empty());
    SequencedMap<String, Tensor> tensors = new LinkedHashMap<>();
    config
        .weightShapes()
        .forEach((name, shape) -> tensors.put(name, Tensor.allocate(DType.F32, shape)));
    SafeTensorsWriter.write(file, Map.of(), tensors);
    tensors.values().forEach(Tensor::close);
  }

  private static String timm() {
    return JsonParser.parseString(
            "{'architecture': 'vit_x', 'num_features': 8, 'pretrained_cfg': {'input_size': [3, 8, 8], "
                + "'mean': [0.5, 0.5, 0.5], 'std': [0.5, 0.5, 0.5], 'interpolation': 'bicubic'}}")
        .toString();
  }

  private static byte[] image(String format, int type) throws IOException {
    BufferedImage image = new BufferedImage(SIDE, SIDE, type);
    for (int i = 0; i < SIDE * SIDE; i++) {
      image.setRGB(i % SIDE, i / SIDE, 0xFF000000 | i * 0x10301);
    }
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    ImageIO.write(image, format, out);
    return out.toByteArray();
  }

  // A JPEG with an orientation behind its first marker.
  private static byte[] exif() throws IOException {
    byte[] jpeg = image("jpg", BufferedImage.TYPE_INT_RGB);
    byte[] segment =
        HexFormat.of()
            .parseHex(
                "ffe10022457869660000" + "4d4d002a00000008" + "0001" + "011200030000000100060000" + "00000000");
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    out.write(jpeg, 0, 2);
    out.write(segment);
    out.write(jpeg, 2, jpeg.length - 2);
    return out.toByteArray();
  }

  private static void text(Path file, String text) throws IOException {
    try (OutputStream out = Files.newOutputStream(file)) {
      out.write(text.getBytes(StandardCharsets.UTF_8));
    }
  }

  private static void copy(Path from, Path to) throws IOException {
    Files.createDirectories(to);
    try (Stream<Path> files = Files.list(from)) {
      for (Path file : files.filter(Files::isRegularFile).toList()) {
        Files.copy(file, to.resolve(file.getFileName()));
      }
    }
  }
}
