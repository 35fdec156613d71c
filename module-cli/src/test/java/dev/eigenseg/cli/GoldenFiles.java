package dev.eigenseg.cli;

import com.google.gson.Gson;
import com.google.gson.GsonBuilder;
import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonPrimitive;
import dev.eigenseg.api.Backbone.FeatureDims;
import dev.eigenseg.api.ClassList;
import dev.eigenseg.api.ClassList.NamedClass;
import dev.eigenseg.api.ClusterNames;
import dev.eigenseg.api.Dendrogram;
import dev.eigenseg.api.ImageGeometry;
import dev.eigenseg.api.ModelInfo;
import dev.eigenseg.api.PatchFeatures;
import dev.eigenseg.api.Progress;
import dev.eigenseg.api.Provenance;
import dev.eigenseg.api.bank.BankManifest;
import dev.eigenseg.api.bank.BankSettings;
import dev.eigenseg.api.bank.FeatureBank;
import dev.eigenseg.api.bank.FeatureBankWriter;
import dev.eigenseg.api.bank.ImageEntry;
import dev.eigenseg.api.bank.Level;
import dev.eigenseg.api.spi.KnnEngine;
import dev.eigenseg.api.tensor.DType;
import dev.eigenseg.api.tensor.Tensor;
import dev.eigenseg.graph.GraphPart;
import dev.eigenseg.graph.KnnEngines;
import dev.eigenseg.graph.KnnGraph;
import dev.eigenseg.graph.KnnGraphBuilder;
import dev.eigenseg.graph.KnnGraphInfo;
import dev.eigenseg.infer.FeatureScales;
import dev.eigenseg.infer.PsiConfig;
import dev.eigenseg.infer.SegmenterFile;
import dev.eigenseg.infer.SegmenterMethod;
import dev.eigenseg.infer.SegmenterModel;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SequencedMap;
import java.util.TreeMap;

/**
 * Tiny files of every kind, the same on every machine: their numbers are few binary digits long, so
 * that no order of additions rounds, and their provenance is that of no run. {@link #describe} says
 * as JSON what readers find in them.
 *
 * <p>The files of each version stay in {@code src/test/resources/golden/vN} for good, with {@code
 * expected.json}. Those of a new version are what {@link GoldenFilesTest} leaves in {@code
 * target/golden}.
 */
final class GoldenFiles {
  static final String EXPECTED = "expected.json";
  private static final FeatureDims DIMS = new FeatureDims(2, 3, 8);
  private static final int PATCH = 8;

  private GoldenFiles() {}

  /** Writes all files, and what they are, into a folder. */
  static void write(Path folder) throws IOException {
    Files.createDirectories(folder);
    bank(folder.resolve("f32"), DType.F32, Map.of());
    bank(folder.resolve("f16"), DType.F16, Map.of("views", "2", "seed", "5"));
    try (FeatureBank bank = FeatureBank.open(folder.resolve("f32"))) {
      graph(bank, GraphPart.WHOLE, folder.resolve("graph.knn"));
      graph(bank, new GraphPart(1, 2), folder.resolve("part-1.knn"));
      graph(bank, new GraphPart(2, 2), folder.resolve("part-2.knn"));
    }
    for (SegmenterMethod method : SegmenterMethod.values()) {
      model(folder.resolve(method.text() + ".safetensors"), method);
    }
    Files.writeString(
        folder.resolve(EXPECTED),
        new GsonBuilder()
                .disableHtmlEscaping()
                .setPrettyPrinting()
                .create()
                .toJson(describe(folder))
            + "\n");
  }

  private static Provenance provenance(String task) {
    return new Provenance(
        task,
        new TreeMap<>(Map.of("setting", "é \"1\"")),
        new TreeMap<>(Map.of("input", "ab12")),
        Long.MIN_VALUE,
        new TreeMap<>(Map.of("eigenseg", "0.1.0", "jvm", "25", "os", "any", "device", "cpu")));
  }

  private static void bank(Path folder, DType dtype, Map<String, String> views) throws IOException {
    BankSettings settings =
        new BankSettings(
            "tiny",
            "0123456789abcdef".repeat(4),
            "vit:/home/somebody/tiny.safetensors",
            Map.of("heads", "1"),
            DIMS,
            dtype,
            new ImageGeometry(Optional.of(new ImageGeometry.Size(24, 16)), PATCH),
            views);
    try (FeatureBankWriter writer =
        FeatureBankWriter.open(folder, settings, provenance("extract"))) {
      for (int image = 0; image < 3; image++) {
        for (int view = 1; view <= (views.isEmpty() ? 1 : 2); view++) {
          append(writer, image, view);
        }
      }
      writer.finish(Progress.NONE);
    }
  }

  private static void append(FeatureBankWriter writer, int image, int view) throws IOException {
    int seed = image * 10 + view;
    try (PatchFeatures features =
            new PatchFeatures(
                2,
                3,
                eighths(seed, 6, DIMS.low()),
                eighths(seed + 1, 6, DIMS.mid()),
                units(seed + 2, 6));
        Tensor colors = eighths(seed + 3, 6, 3)) {
      for (long i = 0; i < colors.size(); i++) {
        colors.set(i, Math.abs(colors.get(i)));
      }
      writer.append("photos/é " + image + ".jpg", view, 24 - image, 16, features, colors);
    }
  }

  // From -1 to 1.
  private static Tensor eighths(int seed, long... shape) {
    Tensor tensor = Tensor.allocate(DType.F32, shape);
    for (long i = 0; i < tensor.size(); i++) {
      tensor.set(i, (Math.floorMod(i * i * 7 + i * 5 + seed * 11L, 17) - 8) / 8f);
    }
    return tensor;
  }

  // Rows of norm 1, whose products are multiples of a quarter.
  private static Tensor units(int seed, int rows) {
    Tensor tensor = Tensor.allocate(DType.F32, rows, DIMS.high());
    for (int row = 0; row < rows; row++) {
      int start = Math.floorMod(row * 3 + seed, DIMS.high());
      for (int i = 0; i < 4; i++) {
        int sign = (row + seed + i * i) % 3 == 0 ? -1 : 1;
        tensor.set((long) row * DIMS.high() + (start + i) % DIMS.high(), sign * 0.5f);
      }
    }
    return tensor;
  }

  private static void graph(FeatureBank bank, GraphPart part, Path target) throws IOException {
    KnnEngine.Request request = new KnnEngine.Request(bank.level(Level.HIGH), 4, 64L << 20, 1);
    new KnnGraphBuilder(KnnEngines.select("vector"), request, provenance("graph"))
        .build(part, target, false, Progress.NONE);
  }

  private static void model(Path file, SegmenterMethod method) throws IOException {
    int clusters = 3;
    Optional<PsiConfig> psi =
        method.usesPsi()
            ? Optional.of(PsiConfig.of(DIMS, 4, 1, 4, 2, 1, clusters))
            : Optional.empty();
    SequencedMap<String, long[]> shapes =
        psi.map(PsiConfig::weightShapes).orElseGet(LinkedHashMap::new);
    if (method.usesCentroids()) {
      shapes.put(
          SegmenterModel.CENTROIDS,
          new long[] {clusters, psi.map(PsiConfig::hidden).orElse(DIMS.high())});
    }
    SequencedMap<String, Tensor> tensors = new LinkedHashMap<>();
    shapes.forEach((name, shape) -> tensors.put(name, eighths(tensors.size(), shape)));
    ModelInfo info =
        new ModelInfo(
            method.text(),
            clusters,
            "tiny",
            "0123456789abcdef".repeat(4),
            "vit:/home/somebody/tiny.safetensors",
            Map.of("heads", "1"),
            new ImageGeometry(Optional.of(new ImageGeometry.Size(24, 16)), PATCH),
            Optional.empty());
    SegmenterModel model =
        new SegmenterModel(
            info,
            DIMS,
            new FeatureScales(0.5f, 1.25f, 2),
            psi,
            method.usesCentroids(),
            SegmenterModel.LOGIT_DIVISOR,
            provenance("train"),
            tensors);
    SegmenterFile.write(
        file,
        model
            .withNames(
                new ClusterNames(
                    new ClassList(
                        List.of(new NamedClass("sky \"é\"", 0x80FF00), new NamedClass("road", 1))),
                    new int[] {1, -1, 0},
                    "iou"))
            .withDendrogram(
                new Dendrogram(
                    "graph",
                    new long[] {7, 5_000_000_000L, 0},
                    new int[] {1, 0},
                    new int[] {2, 3},
                    new double[] {1.75, 1 / 3.0})));
    tensors.values().forEach(Tensor::close);
  }

  /** What today's readers find in the files of a folder. */
  static JsonObject describe(Path folder) throws IOException {
    JsonObject all = new JsonObject();
    for (String name : List.of("f32", "f16")) {
      try (FeatureBank bank = FeatureBank.open(folder.resolve(name))) {
        bank.verify(Progress.NONE);
        all.add(name, describe(bank));
      }
    }
    try (KnnGraph graph = KnnGraph.open(folder.resolve("graph.knn"))) {
      graph.verify(Progress.NONE);
      all.add("graph", describe(graph));
    }
    for (String name : List.of("graph", "part-1", "part-2")) {
      Path file = folder.resolve(name + ".knn");
      KnnGraphInfo.verify(file, Progress.NONE);
      KnnGraphInfo info = KnnGraphInfo.read(file);
      JsonObject json = new JsonObject();
      json.addProperty("rows", info.rows());
      json.addProperty("k", info.k());
      json.addProperty("engine", info.engine());
      json.addProperty("exact", info.exact());
      json.addProperty("recall", info.recall().isPresent());
      json.addProperty("part", info.part().toString());
      json.add("provenance", info.provenance().toJson());
      all.add(name + ".knn", json);
    }
    for (SegmenterMethod method : SegmenterMethod.values()) {
      try (SegmenterFile file =
          SegmenterFile.open(folder.resolve(method.text() + ".safetensors"))) {
        all.add(method.text(), describe(file.model()));
      }
    }
    return all;
  }

  private static JsonObject describe(FeatureBank bank) throws IOException {
    JsonObject json = new JsonObject();
    BankManifest manifest = bank.manifest();
    json.addProperty("images", manifest.images());
    json.addProperty("rows", manifest.rows());
    json.add("scales", numbers(manifest.lowScale(), manifest.midScale(), manifest.highScale()));
    json.add("dims", dims(manifest.dims()));
    json.addProperty("dtype", manifest.dtype().name());
    backbone(
        json,
        manifest.backboneId(),
        manifest.backboneSha256(),
        manifest.backboneSpec(),
        manifest.backboneSettings());
    json.add("geometry", geometry(manifest.geometry()));
    json.add("views", texts(manifest.settings().views()));
    json.add("provenance", manifest.provenance().toJson());
    JsonArray images = new JsonArray();
    for (ImageEntry image : bank.images()) {
      JsonObject one = new JsonObject();
      one.addProperty("id", image.id());
      one.addProperty("path", image.path());
      one.addProperty("view", image.view());
      one.add("size", numbers(image.width(), image.height()));
      one.add("grid", numbers(image.gridRows(), image.gridColumns()));
      one.addProperty("first-row", image.firstRow());
      try (PatchFeatures features = bank.features(image);
          Tensor colors = bank.patchColors(image)) {
        one.add("low", numbers(features.low()));
        one.add("mid", numbers(features.mid()));
        one.add("high", numbers(features.high()));
        one.add("colors", numbers(colors));
      }
      images.add(one);
    }
    json.add("entries", images);
    return json;
  }

  private static JsonObject describe(KnnGraph graph) {
    JsonObject json = new JsonObject();
    json.add("ids", numbers(graph.ids()));
    json.add("similarities", numbers(graph.similarities()));
    return json;
  }

  private static JsonObject describe(SegmenterModel model) {
    JsonObject json = new JsonObject();
    ModelInfo info = model.info();
    json.addProperty("method", info.method());
    json.addProperty("clusters", info.clusters());
    backbone(
        json,
        info.backboneId(),
        info.backboneSha256(),
        info.backboneSpec(),
        info.backboneSettings());
    json.add("geometry", geometry(info.geometry()));
    json.add("dims", dims(model.dims()));
    json.add("scales", numbers(model.scales().low(), model.scales().mid(), model.scales().high()));
    model
        .psi()
        .ifPresent(psi ->
            json.add(
                "psi",
                numbers(psi.projection(), psi.heads(), psi.headDim(), psi.mlp(), psi.blocks())));
    json.addProperty("normalize-rows", model.normalizeRows());
    json.addProperty("logit-divisor", model.logitDivisor());
    ClusterNames names = info.names().orElseThrow();
    json.addProperty("matching", names.matching());
    JsonArray classes = new JsonArray();
    names
        .classes()
        .classes()
        .forEach(named -> classes.add("%06x %s".formatted(named.rgb(), named.name())));
    json.add("classes", classes);
    json.add("class-of-cluster", new Gson().toJsonTree(names.classOfCluster()));
    Dendrogram merges = info.dendrogram().orElseThrow();
    json.addProperty("merges", merges.source());
    json.add("patches", new Gson().toJsonTree(merges.patches()));
    json.add("first", new Gson().toJsonTree(merges.first()));
    json.add("second", new Gson().toJsonTree(merges.second()));
    json.add("affinities", new Gson().toJsonTree(merges.affinities()));
    json.add("provenance", model.provenance().toJson());
    JsonObject tensors = new JsonObject();
    model.tensors().forEach((name, tensor) -> tensors.add(name, numbers(tensor)));
    json.add("tensors", tensors);
    return json;
  }

  private static void backbone(
      JsonObject json, String id, String sha256, String spec, Map<String, String> settings) {
    json.addProperty("backbone", id);
    json.addProperty("sha256", sha256);
    json.addProperty("spec", spec);
    json.add("settings", texts(settings));
  }

  private static JsonElement geometry(ImageGeometry geometry) {
    JsonObject json = new JsonObject();
    json.addProperty("size", geometry.resize().orElseThrow().toString());
    json.addProperty("patch", geometry.patchSize());
    json.addProperty("border", geometry.border().text());
    json.addProperty("bands", geometry.bands().isPresent());
    return json;
  }

  private static JsonElement dims(FeatureDims dims) {
    return numbers(dims.low(), dims.mid(), dims.high());
  }

  private static JsonElement texts(Map<String, String> texts) {
    return new Gson().toJsonTree(new TreeMap<>(texts));
  }

  private static JsonElement numbers(Number... numbers) {
    return new Gson().toJsonTree(numbers);
  }

  // One text: thousands of lines of one number each would say nothing more.
  private static JsonElement numbers(Tensor tensor) {
    StringBuilder text = new StringBuilder();
    for (long axis : tensor.shape()) {
      text.append(text.isEmpty() ? "" : "x").append(axis);
    }
    text.append(':');
    for (long i = 0; i < tensor.size(); i++) {
      text.append(' ');
      if (tensor.dtype() == DType.I32) {
        text.append(tensor.getLong(i));
      } else {
        text.append(tensor.get(i));
      }
    }
    return new JsonPrimitive(text.toString());
  }
}
