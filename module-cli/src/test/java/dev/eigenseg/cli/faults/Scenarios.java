package dev.eigenseg.cli.faults;

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
import dev.eigenseg.api.bank.ImageEntry;
import dev.eigenseg.api.bank.Level;
import dev.eigenseg.api.spi.KnnEngine;
import dev.eigenseg.api.spi.KnnIndex;
import dev.eigenseg.cli.TinyVit;
import dev.eigenseg.graph.BankGraph;
import dev.eigenseg.graph.GraphOptions;
import dev.eigenseg.graph.GraphPart;
import dev.eigenseg.graph.KnnEngines;
import dev.eigenseg.graph.KnnGraph;
import dev.eigenseg.graph.kernel.BankKernel;
import dev.eigenseg.graph.kernel.NormalizedAdjacency;
import dev.eigenseg.graph.kernel.PixelGraphOptions;
import dev.eigenseg.graph.kernel.Workspace;
import dev.eigenseg.graph.kmeans.KMeansOptions;
import dev.eigenseg.graph.spectral.EigenOptions;
import dev.eigenseg.graph.spectral.Eigenpairs;
import dev.eigenseg.graph.spectral.Eigensolver;
import dev.eigenseg.graph.spectral.SpectralEmbedding;
import dev.eigenseg.train.KMeansTrainer;
import dev.eigenseg.train.Trainer;
import dev.eigenseg.train.TrainingListener;
import dev.eigenseg.train.TrainingMode;
import dev.eigenseg.train.TrainingOptions;
import dev.eigenseg.train.dataset.GeneratedScenes;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/** What faults are injected into, on four generated images. */
public final class Scenarios {
  private static final int THREADS = 2;
  private static final int CLUSTERS = 4;
  private static final CrfOptions CRF = new CrfOptions(1, 3, 1, 4, 67, 3, 1 << 20);
  private static final long MEMORY = 64 << 20;
  private static final GraphOptions GRAPH =
      GraphOptions.DEFAULT.withNeighbors(4).withMemory(MEMORY).withThreads(THREADS);

  private final Path base;

  /** What all scenarios start from, in a folder. */
  public Scenarios(Path base) throws IOException {
    this.base = base;
    GeneratedScenes.write(
        base.resolve("scenes"), 4, 0, new ImageGeometry.Size(64, 48), 1, THREADS, Progress.NONE);
    try (Backbone backbone = Backbones.open("descriptor", "cpu")) {
      extract(images(), backbone, base.resolve("bank"));
      extract(images().subList(0, 2), backbone, base.resolve("bank-1"));
      extract(images().subList(2, 4), backbone, base.resolve("bank-2"));
    }
    TinyVit.write(base.resolve("vit.safetensors"));
    try (FeatureBank bank = bank()) {
      for (int number = 1; number <= 2; number++) {
        build(bank, GRAPH, new GraphPart(number, 2), part(number));
      }
      KnnGraph.merge(
          List.of(part(1), part(2)), BankGraph.file(base.resolve("bank")), Progress.NONE);
      try (KnnGraph graph = graph()) {
        train(bank, Optional.of(graph), TrainingMode.CROSS_BATCH, base.resolve("psi"));
      }
    }
  }

  private List<Path> images() throws IOException {
    return ImageFiles.in(base.resolve("scenes/images").resolve(GeneratedScenes.TRAIN));
  }

  private Path part(int number) {
    return base.resolve("part-" + number);
  }

  private FeatureBank bank() throws IOException {
    return FeatureBank.open(base.resolve("bank"));
  }

  private KnnGraph graph() throws IOException {
    return KnnGraph.open(BankGraph.file(base.resolve("bank")));
  }

  /** A scenario's work. */
  private interface Work {
    void run(Path folder) throws Exception;
  }

  private record Named(String name, Optional<String> missing, Work work) implements Scenario {
    @Override
    public boolean isLong() {
      return name.equals("train-in-batch");
    }

    @Override
    public void run(Path folder) throws Exception {
      work.run(folder);
    }
  }

  private static Scenario of(String name, Work work) {
    return new Named(name, Optional.empty(), work);
  }

  private static Scenario of(String name, KnnEngine engine, Work work) {
    List<String> reasons = engine.availability().reasons();
    return new Named(
        name, reasons.isEmpty() ? Optional.empty() : Optional.of(reasons.toString()), work);
  }

  private static KnnEngine engine(String name) {
    return KnnEngines.all().stream().filter(e -> e.name().equals(name)).findFirst().orElseThrow();
  }

  /** All of them. */
  public List<Scenario> all() {
    return List.of(
        of("bank", this::writeAndReadBank),
        of("bank-merge", this::mergeBanks),
        of("exact-graph", folder -> graph(GRAPH.withEngine("vector"), folder)),
        of("graph-in-memory", this::graphInMemory),
        of("graph-merge", this::mergeGraph),
        of("ivf-graph", folder -> graph(GRAPH.withIndex(KnnIndex.of(KnnIndex.Kind.IVF)), folder)),
        of("ivf-graph-in-files", this::listsInFiles),
        of("spectral", folder -> spectral(Workspace.UNBOUNDED)),
        of("spectral-in-files", folder -> spectral(new Workspace(folder, 1 << 12))),
        of("train-cross-batch", folder -> train(TrainingMode.CROSS_BATCH, folder)),
        of("train-in-batch", folder -> train(TrainingMode.IN_BATCH, folder)),
        of("kmeans", this::kmeans),
        of("segment", this::segment),
        of("vit", folder -> extractWith("vit:" + base.resolve("vit.safetensors"), folder)),
        of("blas-graph", engine("blas"), folder -> graph(GRAPH.withEngine("blas"), folder)),
        of("faiss-graph", engine("faiss"), folder -> graph(GRAPH.withEngine("faiss"), folder)),
        of("faiss-ivf", engine("faiss"), folder -> faiss(KnnIndex.Kind.IVF, folder)),
        of("faiss-hnsw", engine("faiss"), folder -> faiss(KnnIndex.Kind.HNSW, folder)));
  }

  // ---- banks

  private static void extract(List<Path> images, Backbone backbone, Path bank) throws IOException {
    ExtractOptions options = ExtractOptions.DEFAULT.withThreads(THREADS);
    Extractor.extract(images, backbone, bank, options, Progress.NONE);
  }

  private void writeAndReadBank(Path folder) throws IOException {
    extractWith("descriptor", folder);
    read(folder.resolve("bank"));
  }

  private static void read(Path folder) throws IOException {
    try (FeatureBank bank = FeatureBank.open(folder)) {
      bank.verify(Progress.NONE);
      ImageEntry last = bank.images().getLast();
      bank.features(last).close();
      bank.patchColors(last).close();
    }
  }

  private void extractWith(String spec, Path folder) throws IOException {
    try (Backbone backbone = Backbones.open(spec, "cpu")) {
      extract(images().subList(0, 2), backbone, folder.resolve("bank"));
    }
  }

  private void mergeBanks(Path folder) throws IOException {
    Path merged = folder.resolve("bank");
    if (!Files.exists(merged)) {
      FeatureBank.merge(
          List.of(base.resolve("bank-1"), base.resolve("bank-2")), merged, Progress.NONE);
    }
    read(merged);
  }

  // ---- graphs

  private static void build(FeatureBank bank, GraphOptions options, GraphPart part, Path file)
      throws IOException {
    new BankGraph(bank, options).build(part, file, false, BankGraph.Listener.NONE, Progress.NONE);
  }

  private void graph(GraphOptions options, Path folder) throws IOException {
    try (FeatureBank bank = bank();
        KnnGraph graph =
            new BankGraph(bank, options)
                .openOrBuild(folder.resolve("graph.knn"), BankGraph.Listener.NONE, Progress.NONE)) {
      graph.verify(Progress.NONE);
    }
  }

  private void graphInMemory(Path folder) throws IOException {
    try (FeatureBank bank = bank();
        KnnGraph graph =
            KnnGraph.build(
                KnnEngines.select("vector"),
                new KnnEngine.Request(bank.level(Level.HIGH), 4, MEMORY, THREADS),
                Progress.NONE)) {
      graph.ids();
    }
  }

  private void mergeGraph(Path folder) throws IOException {
    KnnGraph.merge(List.of(part(2), part(1)), folder.resolve("graph.knn"), Progress.NONE);
  }

  private void faiss(KnnIndex.Kind kind, Path folder) throws IOException {
    graph(GRAPH.withEngine("faiss").withIndex(KnnIndex.of(kind)), folder);
  }

  private void listsInFiles(Path folder) throws IOException {
    GraphOptions options =
        GRAPH.withEngine("vector").withIndex(KnnIndex.of(KnnIndex.Kind.IVF).withRecall(0.9));
    Path lists = folder.resolve("lists");
    Path half = folder.resolve("half.knn");
    try (FeatureBank bank = bank()) {
      BankGraph graph = new BankGraph(bank, options);
      graph.prepare(lists, Progress.NONE);
      graph.build(
          new GraphPart(2, 2),
          half,
          Optional.of(lists),
          false,
          BankGraph.Listener.NONE,
          Progress.NONE);
    }
  }

  private void spectral(Workspace space) throws IOException {
    try (FeatureBank bank = bank();
        KnnGraph graph = graph();
        NormalizedAdjacency kernel =
            BankKernel.of(
                bank, graph, 0.3, PixelGraphOptions.DEFAULT, space, THREADS, Progress.NONE);
        Eigenpairs pairs =
            Eigensolver.leading(
                kernel, EigenOptions.of(CLUSTERS).withThreads(THREADS), Progress.NONE)) {
      SpectralEmbedding.rows(pairs).close();
    }
  }

  // ---- models

  static void train(FeatureBank bank, Optional<KnnGraph> graph, TrainingMode mode, Path model)
      throws IOException {
    TrainingOptions options = TrainingOptions.of(CLUSTERS);
    Trainer.train(
        bank,
        graph,
        options
            .with(options.kernel().withMode(mode).withNeighbors(4))
            .with(options.network().withProjection(8))
            .with(options.schedule().withEpochs(2).withBatchSize(4))
            .with(options.run().withThreads(1)), // more are slower for tensors so small
        model,
        TrainingListener.NONE,
        Progress.NONE);
  }

  private void train(TrainingMode mode, Path folder) throws IOException {
    try (FeatureBank bank = bank();
        KnnGraph graph = graph()) {
      train(bank, Optional.of(graph), mode, folder.resolve("model"));
    }
  }

  private void kmeans(Path folder) throws IOException {
    KMeansOptions options = KMeansOptions.of(CLUSTERS).withThreads(THREADS);
    try (FeatureBank bank = bank()) {
      KMeansTrainer.features(bank, options, folder.resolve("model"), false, Progress.NONE);
    }
  }

  private void segment(Path folder) throws IOException {
    SegmentOptions whole = SegmentOptions.DEFAULT.withThreads(THREADS);
    Path image = images().getFirst();
    try (Segmenter segmenter = Segmenter.load(base.resolve("psi"), "descriptor", "cpu")) {
      List<SegmentOptions> ways =
          List.of(
              whole,
              whole.withWindows(48, 32).withFlip(true),
              whole.withRegions(RegionOptions.DEFAULT).withCrf(CRF));
      for (int i = 0; i < ways.size(); i++) {
        Segmentation mask = segmenter.segment(image, ways.get(i));
        byte[] clusters = new byte[mask.width() * mask.height()];
        mask.copyTo(clusters, 0);
        Files.write(folder.resolve("mask-" + i), clusters);
      }
    }
  }
}
