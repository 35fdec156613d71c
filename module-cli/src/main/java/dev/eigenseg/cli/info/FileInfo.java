package dev.eigenseg.cli.info;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import com.google.gson.JsonPrimitive;
import dev.eigenseg.api.BadInputException;
import dev.eigenseg.api.ClusterNames;
import dev.eigenseg.api.ImageGeometry;
import dev.eigenseg.api.ModelInfo;
import dev.eigenseg.api.bank.BankManifest;
import dev.eigenseg.api.bank.FeatureBank;
import dev.eigenseg.api.bank.ImageEntry;
import dev.eigenseg.api.internal.file.RecordedBackbone;
import dev.eigenseg.api.internal.file.SafeTensors;
import dev.eigenseg.api.internal.file.Shards;
import dev.eigenseg.cli.input.CheckpointInfo;
import dev.eigenseg.cli.session.ByteSize;
import dev.eigenseg.cli.session.Session;
import dev.eigenseg.graph.KnnGraphInfo;
import dev.eigenseg.infer.SegmenterFile;
import dev.eigenseg.infer.SegmenterModel;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;

/** What is in a file of ours. */
final class FileInfo {
  private FileInfo() {}

  static JsonObject describe(Session session, Path file, boolean verify) throws IOException {
    if (!Files.exists(file)) {
      throw new NoSuchFileException(file.toString());
    }
    if (Files.isDirectory(file)) {
      return bank(session, file, verify);
    }
    String name = file.getFileName().toString();
    if (name.endsWith(".knn")) {
      return graph(session, file, verify);
    }
    if (name.endsWith(".checkpoint")) {
      return checkpoint(file);
    }
    if (Shards.isIndex(file)) {
      return CheckpointInfo.describe(file);
    }
    if (name.endsWith(".safetensors")) {
      return SegmenterFile.recognises(file) ? model(file) : CheckpointInfo.describe(file);
    }
    throw new BadInputException(
        file
            + " is none of our files: expected a bank's folder, a .knn graph, a .safetensors "
            + "segmenter, its .checkpoint, or a backbone's weights");
  }

  private static JsonObject bank(Session session, Path folder, boolean verify) throws IOException {
    try (FeatureBank bank = FeatureBank.open(folder)) {
      if (verify) {
        session.stage(
            "verify",
            () -> {
              bank.verify(session.progress());
              return bank;
            });
      }
      BankManifest manifest = bank.manifest();
      JsonObject json = new JsonObject();
      json.addProperty("kind", "feature bank");
      json.addProperty("images", bank.images().stream().filter(ImageEntry::plain).count());
      if (!manifest.settings().views().isEmpty()) {
        json.addProperty("all-views", manifest.images());
        JsonObject views = new JsonObject();
        new TreeMap<>(manifest.settings().views()).forEach(views::addProperty);
        json.add("views", views);
      }
      json.addProperty("patches", manifest.rows());
      json.addProperty(
          "channels", dims(manifest.dims().low(), manifest.dims().mid(), manifest.dims().high()));
      json.addProperty("dtype", manifest.dtype().name().toLowerCase(Locale.ROOT));
      json.addProperty(
          "scales",
          "low %s, mid %s, high %s"
              .formatted(manifest.lowScale(), manifest.midScale(), manifest.highScale()));
      backbone(json, manifest.backboneId(), manifest.backboneSha256(), manifest.backboneSpec());
      settings(json, manifest.backboneSettings());
      geometry(json, manifest.geometry());
      if (verify) {
        json.addProperty("checksums", "good");
      }
      json.add("provenance", manifest.provenance().toJson());
      return json;
    }
  }

  private static JsonObject graph(Session session, Path file, boolean verify) throws IOException {
    KnnGraphInfo graph = KnnGraphInfo.read(file);
    if (verify) {
      session.stage(
          "verify",
          () -> {
            KnnGraphInfo.verify(file, session.progress());
            return file;
          });
    }
    JsonObject json = new JsonObject();
    json.addProperty("kind", graph.part().whole() ? "kNN graph" : "part of a kNN graph");
    if (!graph.part().whole()) {
      json.addProperty("part", graph.part().toString());
    }
    json.addProperty("patches", graph.rows());
    json.addProperty("neighbors", graph.k());
    json.addProperty("engine", graph.engine());
    json.addProperty("exact", graph.exact());
    if (verify) {
      json.addProperty("checksums", "good");
    }
    json.add("provenance", graph.provenance().toJson());
    graph
        .recall()
        .ifPresent(recall -> {
          json.addProperty("recall", recall.fraction());
          json.addProperty("recall-margin", recall.margin());
        });
    return json;
  }

  private static JsonObject model(Path file) throws IOException {
    try (SegmenterFile opened = SegmenterFile.open(file)) {
      SegmenterModel model = opened.model();
      ModelInfo info = model.info();
      JsonObject json = new JsonObject();
      json.addProperty("kind", "segmenter");
      json.addProperty("method", info.method());
      json.addProperty("clusters", info.clusters());
      model.psi().ifPresent(psi -> json.addProperty("psi", psi.toString()));
      json.addProperty(
          "channels", dims(model.dims().low(), model.dims().mid(), model.dims().high()));
      backbone(json, info.backboneId(), info.backboneSha256(), info.backboneSpec());
      settings(json, info.backboneSettings());
      json.getAsJsonObject("backbone").addProperty("embedded", embedded(opened));
      geometry(json, info.geometry());
      json.addProperty(
          "names", info.names().map(FileInfo::names).orElse("none; 'eigenseg match' stores them"));
      json.addProperty(
          "merges",
          info.dendrogram()
              .map(merges -> "known, by " + merges.source() + ": --segments N merges clusters")
              .orElse("none; 'eigenseg merge-clusters' finds them"));
      json.add("provenance", model.provenance().toJson());
      return json;
    }
  }

  private static JsonObject checkpoint(Path file) throws IOException {
    try (SafeTensors opened = SafeTensors.open(file)) {
      JsonObject json = new JsonObject();
      json.addProperty(
          "kind", "checkpoint of a training run; the same 'eigenseg train' command continues it");
      opened.metadata().forEach((name, text) -> json.add(name, parsed(text)));
      return json;
    }
  }

  // Structured entries are JSON, plain ones are not.
  private static JsonElement parsed(String text) {
    return text.startsWith("{") ? JsonParser.parseString(text) : new JsonPrimitive(text);
  }

  private static String names(ClusterNames names) {
    return String.format(
        Locale.ROOT, "of %d classes, matching %s", names.classes().size(), names.matching());
  }

  private static String dims(int low, int mid, int high) {
    return String.format(Locale.ROOT, "low %d, mid %d, high %d", low, mid, high);
  }

  private static void backbone(JsonObject json, String id, String sha256, String spec) {
    JsonObject backbone = new JsonObject();
    backbone.addProperty("id", id);
    backbone.addProperty("sha256", sha256);
    backbone.addProperty("spec", RecordedBackbone.of(spec).toString());
    json.add("backbone", backbone);
  }

  private static void settings(JsonObject json, Map<String, String> settings) {
    if (!settings.isEmpty()) {
      JsonObject texts = new JsonObject();
      new TreeMap<>(settings).forEach(texts::addProperty);
      json.getAsJsonObject("backbone").add("settings", texts);
    }
  }

  private static String embedded(SegmenterFile file) {
    if (file.backbone().isEmpty()) {
      return "no";
    }
    long bytes = file.backbone().values().stream().mapToLong(t -> t.segment().byteSize()).sum();
    return String.format(
        Locale.ROOT, "%d tensors, %s", file.backbone().size(), new ByteSize(bytes));
  }

  private static void geometry(JsonObject json, ImageGeometry geometry) {
    json.addProperty(
        "size", geometry.resize().map(ImageGeometry.Size::toString).orElse("each image's own"));
    json.addProperty("patch-size", geometry.patchSize());
    json.addProperty("border", geometry.border().text());
    geometry.bands().ifPresent(bands -> json.addProperty("bands", bands.toString()));
  }
}
