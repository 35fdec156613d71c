package dev.eigenseg.cli.soak;

import dev.eigenseg.api.Backbone;
import dev.eigenseg.api.Backbones;
import dev.eigenseg.api.CrfOptions;
import dev.eigenseg.api.ImageFiles;
import dev.eigenseg.api.ImageGeometry;
import dev.eigenseg.api.Progress;
import dev.eigenseg.api.RegionOptions;
import dev.eigenseg.api.SegmentOptions;
import dev.eigenseg.api.Segmentation;
import dev.eigenseg.api.Segmenter;
import dev.eigenseg.api.bank.ExtractOptions;
import dev.eigenseg.api.bank.Extractor;
import dev.eigenseg.api.bank.FeatureBank;
import dev.eigenseg.api.spi.KnnIndex;
import dev.eigenseg.graph.BankGraph;
import dev.eigenseg.graph.GraphOptions;
import dev.eigenseg.graph.KnnGraph;
import dev.eigenseg.train.Trainer;
import dev.eigenseg.train.TrainingListener;
import dev.eigenseg.train.TrainingOptions;
import dev.eigenseg.train.dataset.GeneratedScenes;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/** A folder with a few generated images, their bank, its graph and a model; and how to make them. */
final class Workshop {
  private static final int IMAGES = 8;
  private static final GraphOptions GRAPH =
      GraphOptions.DEFAULT.withNeighbors(8).withMemory(64 << 20).withThreads(2);

  /** The ways to look at images. */
  static final List<SegmentOptions> WAYS =
      List.of(
          SegmentOptions.DEFAULT,
          SegmentOptions.DEFAULT.withThreads(2).withWindows(64, 48).withFlip(true),
          SegmentOptions.DEFAULT.withRegions(RegionOptions.DEFAULT),
          SegmentOptions.DEFAULT.withThreads(2).withCrf(CrfOptions.DEFAULT));

  private final Path folder;
  private final List<Path> images;

  Workshop(Path folder) throws IOException {
    this.folder = folder;
    ImageGeometry.Size size = new ImageGeometry.Size(128, 96);
    GeneratedScenes.write(folder.resolve("scenes"), IMAGES, 0, size, 1, 2, Progress.NONE);
    images = ImageFiles.in(folder.resolve("scenes/images").resolve(GeneratedScenes.TRAIN));
    try (Backbone backbone = Backbones.open("descriptor", "cpu")) {
      Extractor.extract(
          images, backbone, folder.resolve("bank"), ExtractOptions.DEFAULT, Progress.NONE);
    }
    graph("graph", KnnIndex.EXACT);
    train("model");
  }

  List<Path> images() {
    return images;
  }

  Path file(String name) {
    return folder.resolve(name);
  }

  Segmenter open() throws IOException {
    return Segmenter.load(file("model"), "descriptor", "cpu");
  }

  /** Makes a graph of the bank anew. */
  void graph(String name, KnnIndex index) throws IOException {
    Files.deleteIfExists(file(name));
    try (FeatureBank bank = FeatureBank.open(file("bank"));
        KnnGraph graph =
            new BankGraph(bank, GRAPH.withIndex(index))
                .openOrBuild(file(name), BankGraph.Listener.NONE, Progress.NONE)) {
      graph.verify(Progress.NONE);
    }
  }

  /** Trains a model anew. */
  void train(String name) throws IOException {
    Files.deleteIfExists(file(name));
    TrainingOptions options = TrainingOptions.of(6);
    try (FeatureBank bank = FeatureBank.open(file("bank"));
        KnnGraph graph = KnnGraph.open(file("graph"))) {
      Trainer.train(
          bank,
          Optional.of(graph),
          options
              .with(options.kernel().withNeighbors(8))
              .with(options.network().withProjection(16))
              .with(options.schedule().withEpochs(2).withBatchSize(4))
              .with(options.run().withThreads(1)),
          file(name),
          TrainingListener.NONE,
          Progress.NONE);
    }
  }

  static short[] mask(Segmentation segments) {
    short[] mask = new short[segments.width() * segments.height()];
    segments.copyTo(mask, 0);
    return mask;
  }
}
