package dev.eigenseg.cli.fuzz;

import dev.eigenseg.api.ClassFiles;
import dev.eigenseg.api.Images;
import dev.eigenseg.api.PatchFeatures;
import dev.eigenseg.api.Progress;
import dev.eigenseg.api.Provenance;
import dev.eigenseg.api.bank.FeatureBank;
import dev.eigenseg.api.bank.FeatureBankWriter;
import dev.eigenseg.api.bank.ImageEntry;
import dev.eigenseg.api.internal.file.SafeTensors;
import dev.eigenseg.api.internal.file.Shards;
import dev.eigenseg.api.internal.image.ImageTags;
import dev.eigenseg.api.tensor.Tensor;
import dev.eigenseg.cli.evaluate.NamesReading;
import dev.eigenseg.cli.weights.DownloadReading;
import dev.eigenseg.graph.GraphPart;
import dev.eigenseg.graph.KnnGraph;
import dev.eigenseg.graph.KnnGraphBuilder;
import dev.eigenseg.graph.KnnGraphInfo;
import dev.eigenseg.graph.strips.UnitJournalReading;
import dev.eigenseg.infer.SegmenterFile;
import dev.eigenseg.infer.segment.SafetensorsSegmenterLoader;
import dev.eigenseg.infer.vit.VitCheckpoint;
import dev.eigenseg.train.CheckpointReading;
import dev.eigenseg.train.dataset.LabelMap;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.function.UnaryOperator;

/** Everything that reads what others may have written. */
enum Reader {
  MANIFEST("bank/manifest.json", Seals::manifest, Reader::bank),
  IMAGES("bank/images.tsv", Seals::images, Reader::bank),
  LEVEL("bank/high-00000.bank", Seals::level, Reader::bank),
  UNFINISHED("unfinished/images.tsv", Seals::images, Reader::unfinished),
  GRAPH("graph.knn", Seals::graph, Reader::graph),
  PART("part-1.knn", Seals::graph, Reader::part),
  JOURNAL(".graph.knn.journal", Seals::journal, UnitJournalReading::read),
  LISTS("lists", Seals::lists, Reader::lists),
  CHECKPOINT("model.checkpoint", Seals::tensors, CheckpointReading::read),
  MODEL("model.safetensors", Seals::tensors, Reader::model),
  TENSORS("t.safetensors", content -> content, Reader::tensors),
  VIT("vit.safetensors", content -> content, Reader::vit),
  VIT_CONFIG("vit/config.json", content -> content, file -> vit(file.resolveSibling("v.safetensors"))),
  SHARDS("shards/m.safetensors.index.json", content -> content, Reader::shards),
  LABELS("labels.png", content -> content, file -> limited(() -> LabelMap.read(file))),
  IMAGE("image", content -> content, file -> limited(() -> Images.read(file))),
  EXIF("exif.jpg", content -> content, Reader::tags),
  CLASSES("classes.json", content -> content, ClassFiles::read),
  NAMES("names.json", content -> content, NamesReading::read),
  HTTP("answer", content -> content, Reader::http);

  /** The largest image that is decoded. */
  static final long MAX_PIXELS = 1 << 16;

  private final String file;
  private final UnaryOperator<byte[]> seal;
  private final Reading reading;

  /** Reads a file. */
  @FunctionalInterface
  interface Reading {
    void read(Path file) throws IOException;
  }

  Reader(String file, UnaryOperator<byte[]> seal, Reading reading) {
    this.file = file;
    this.seal = seal;
    this.reading = reading;
  }

  /** Its name on the command line. */
  String text() {
    return name().toLowerCase(Locale.ROOT).replace('_', '-');
  }

  static Reader named(String text) {
    return valueOf(text.toUpperCase(Locale.ROOT).replace('-', '_'));
  }

  /** Where its file is in a folder that {@link Surroundings} made. */
  Path file(Path folder) {
    return folder.resolve(file);
  }

  /** The content with checksums that hold, or as it is. */
  byte[] sealed(byte[] content) {
    try {
      return seal.apply(content);
    } catch (RuntimeException e) {
      return content; // there is nothing to seal
    }
  }

  void read(Path folder) throws IOException {
    reading.read(file(folder));
  }

  private static void bank(Path file) throws IOException {
    try (FeatureBank bank = FeatureBank.open(file.getParent())) {
      bank.verify(Progress.NONE);
      for (ImageEntry image : bank.images()) {
        try (PatchFeatures features = bank.features(image);
            Tensor colors = bank.patchColors(image)) {
          features.patches();
          colors.size();
        }
      }
    }
  }

  private static void unfinished(Path file) throws IOException {
    Surroundings.restoreLevels(file.getParent());
    try (FeatureBankWriter writer =
        FeatureBankWriter.open(file.getParent(), Surroundings.SETTINGS, Surroundings.PROVENANCE)) {
      writer.images();
    }
  }

  private static void graph(Path file) throws IOException {
    try (KnnGraph graph = KnnGraph.open(file)) {
      graph.verify(Progress.NONE);
    }
  }

  private static void part(Path file) throws IOException {
    KnnGraphInfo.read(file);
    KnnGraphInfo.verify(file, Progress.NONE);
    KnnGraph.merge(
        List.of(file, file.resolveSibling("part-2.knn")),
        file.resolveSibling("merged.knn"),
        Progress.NONE);
  }

  private static void lists(Path file) throws IOException {
    Path graph = file.resolveSibling("lists.knn");
    try {
      Surroundings.SEARCH.build(GraphPart.WHOLE, graph, Optional.of(file), true, Progress.NONE);
    } finally {
      KnnGraphBuilder.discard(graph); // the next file is joined from its beginning
      Files.deleteIfExists(graph);
    }
  }

  private static void model(Path file) throws IOException {
    SafetensorsSegmenterLoader loader = new SafetensorsSegmenterLoader();
    if (loader.recognises(file)) {
      loader.info(file);
    }
    try (SegmenterFile opened = SegmenterFile.open(file)) {
      opened.model().tensors().values().forEach(tensor -> tensor.get(0));
    }
    loader.embeddedBackbone(file).ifPresent(dev.eigenseg.api.Backbone::close);
  }

  private static void tensors(Path file) throws IOException {
    SafeTensors.bytesOf(file);
    try (SafeTensors opened = SafeTensors.open(file)) {
      opened.metadata();
      for (String name : opened.names()) {
        opened.tensor(name).size();
      }
    }
  }

  private static void vit(Path file) throws IOException {
    try (VitCheckpoint opened = VitCheckpoint.open(file, Map.of())) {
      opened.assumptions();
      opened.config().weightShapes();
    }
  }

  private static void shards(Path file) throws IOException {
    Shards.of(file);
    Shards.sha256(file);
  }

  private static void tags(Path file) throws IOException {
    ImageTags.of(MemorySegment.ofArray(Files.readAllBytes(file)));
  }

  private static void http(Path file) throws IOException {
    DownloadReading.read(Files.readAllBytes(file), file.resolveSibling("m.safetensors.part"));
  }

  private static void limited(Runnable work) {
    Images.limited(
        MAX_PIXELS,
        () -> {
          work.run();
          return null;
        });
  }
}
