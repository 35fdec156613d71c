package dev.eigenseg.cli.spectral;

import com.google.gson.JsonObject;
import dev.eigenseg.api.Backbone;
import dev.eigenseg.api.BadInputException;
import dev.eigenseg.api.ImageGeometry;
import dev.eigenseg.api.IncompatibleException;
import dev.eigenseg.api.Segmenter;
import dev.eigenseg.api.bank.ExtractOptions;
import dev.eigenseg.api.bank.Extractor;
import dev.eigenseg.api.bank.FeatureBank;
import dev.eigenseg.api.bank.Level;
import dev.eigenseg.api.spi.KnnEngine;
import dev.eigenseg.cli.input.BackboneOptions;
import dev.eigenseg.cli.input.BackboneSpec;
import dev.eigenseg.cli.input.DatasetOptions;
import dev.eigenseg.cli.input.NeighborOptions;
import dev.eigenseg.cli.session.CommonOptions;
import dev.eigenseg.cli.session.GraphMessages;
import dev.eigenseg.cli.session.OutputFolder;
import dev.eigenseg.cli.session.Session;
import dev.eigenseg.cli.session.SizeConverter;
import dev.eigenseg.cli.session.Surroundings;
import dev.eigenseg.cli.session.WorkCommand;
import dev.eigenseg.graph.BankGraph;
import dev.eigenseg.graph.GraphOptions;
import dev.eigenseg.graph.KnnEngines;
import dev.eigenseg.graph.KnnGraph;
import dev.eigenseg.graph.kmeans.KMeansOptions;
import dev.eigenseg.graph.spectral.EigenOptions;
import dev.eigenseg.train.TrainingOptions;
import dev.eigenseg.train.dataset.Dataset;
import dev.eigenseg.train.evaluation.SpectralClusters;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** The classical baseline: exact eigenvectors. */
@Command(
    name = "spectral",
    description = {
      "Computes the exact leading eigenvectors of the kernel, which psi learns to approximate, "
          + "by Lanczos: over all patches of a bank, or over those of one image (deep spectral "
          + "clustering).",
      "They exist for these patches alone: other images cannot be segmented with them. With -m, says how much of them a learned psi holds."
    },
    footer = {
      "",
      "Examples:",
      "  eigenseg spectral street.bank --clusters 64 --dataset camvid --root camvid --split train",
      "  eigenseg spectral street.bank -m street.safetensors",
      "  eigenseg spectral photo.jpg -m street.safetensors -o spectrum"
    })
public final class SpectralCommand extends WorkCommand {
  private static final int BANK_VECTORS = 64;
  private static final int IMAGE_VECTORS = 15;
  private static final int INITS = 3;

  @Parameters(paramLabel = "BANK|IMAGE", description = "A feature bank, or a photograph.")
  private Path input;

  @Option(
      names = {"-o", "--output"},
      paramLabel = "PATH",
      description =
          "Of a bank: a .safetensors file for the eigenvalues and eigenvectors (default: none). "
              + "Of an image: the folder for its pictures (required).")
  private Optional<Path> output = Optional.empty();

  @Option(names = "--overwrite", description = "Replace what is there already.")
  private boolean overwrite;

  @Option(
      names = {"-m", "--model"},
      paramLabel = "MODEL",
      description =
          "A trained psi to compare with; of an image, also whose backbone and size are taken.")
  private Optional<Path> model = Optional.empty();

  @Option(
      names = {"-b", "--backbone"},
      paramLabel = "SPEC",
      converter = BackboneSpec.class,
      description = "Of an image without a model: the backbone (default: descriptor).")
  private Optional<String> backbone = Optional.empty();

  @Option(
      names = "--size",
      paramLabel = "WxH",
      converter = SizeConverter.class,
      description =
          "Of an image without a model: resize it first (default: its own size, fitted to whole patches).")
  private Optional<ImageGeometry.Size> size = Optional.empty();

  @Option(
      names = "--eigenvectors",
      paramLabel = "M",
      converter = CommonOptions.PositiveInt.class,
      description = "How many (default: 64 of a bank, 15 of an image).")
  private Optional<Integer> eigenvectors = Optional.empty();

  @Option(
      names = "--tolerance",
      paramLabel = "X",
      defaultValue = "1e-4",
      description =
          "How small a residual makes a good eigenvector, as a fraction of the largest eigenvalue (default: ${DEFAULT-VALUE}).")
  private double tolerance;

  @Option(
      names = "--clusters",
      paramLabel = "K",
      converter = CommonOptions.PositiveInt.class,
      description =
          "Cluster the patches by k-means on their eigenvector entries (default: as many as eigenvectors where clusters are needed).")
  private Optional<Integer> clusters = Optional.empty();

  @Option(
      names = "--graph",
      paramLabel = "FILE",
      description = "The bank's graph (default: graph.knn in the bank, built if missing).")
  private Optional<Path> graphFile = Optional.empty();

  @Mixin private NeighborOptions neighbors;

  @Option(
      names = "--pixel-weight",
      paramLabel = "A",
      defaultValue = "0.3",
      description = "Weight of the pixel graph; 0 turns it off (default: ${DEFAULT-VALUE}).")
  private double pixelWeight;

  @Mixin private BackboneOptions backboneOptions;

  @ArgGroup(
      exclusive = false,
      heading = "%nA ground truth of the bank's images, to score clusters:%n")
  private DatasetOptions dataset;

  public SpectralCommand(Surroundings surroundings) {
    super(surroundings);
  }

  @Override
  protected JsonObject work(Session session) throws IOException {
    if (!(tolerance > 0) || !(pixelWeight >= 0)) {
      throw usage("--tolerance must be above 0 and --pixel-weight not below it");
    }
    return Files.isDirectory(input) ? ofBank(session) : ofImage(session);
  }

  private JsonObject ofBank(Session session) throws IOException {
    if (backbone.isPresent() || size.isPresent()) {
      throw usage("-b and --size are for an image; a bank has its own");
    }
    output.ifPresent(Session::checkFile);
    if (output.isPresent()) {
      refuseToReplace(output.get());
    }
    Optional<Dataset> labelled =
        dataset == null ? Optional.empty() : Optional.of(dataset.open(session, false));
    try (FeatureBank bank = FeatureBank.open(input);
        KnnGraph graph = bankGraph(session, bank);
        Spectrum spectrum = spectrum(session, bank, graph, BANK_VECTORS)) {
      JsonObject json = spectrum.json();
      if (clusters.isPresent() || labelled.isPresent()) {
        try (SpectralClusters found = spectrum.clusters(kmeans(session, spectrum))) {
          if (labelled.isPresent()) {
            json.add("results", spectrum.score(found, labelled.get()));
          }
        }
      }
      if (output.isPresent()) {
        spectrum.write(output.get());
      }
      json.add("seconds", session.stages().toJson());
      return json;
    }
  }

  private void refuseToReplace(Path file) {
    if (!overwrite && Files.exists(file)) {
      throw new IncompatibleException(
          file + " is there already; replace it with --overwrite, or choose another -o");
    }
  }

  private KnnGraph bankGraph(Session session, FeatureBank bank) throws IOException {
    GraphOptions options =
        GraphOptions.DEFAULT
            .withNeighbors(neighbors.asInt())
            .withSeed(session.seed())
            .withThreads(session.threads());
    BankGraph graph = new BankGraph(bank, options);
    return graph.openOrBuild(
        graphFile.orElseGet(graph::file), new GraphMessages(session, ""), session.progress());
  }

  private Spectrum spectrum(Session session, FeatureBank bank, KnnGraph graph, int vectors)
      throws IOException {
    EigenOptions options =
        EigenOptions.of(eigenvectors.orElse((int) Math.min(vectors, bank.rows())))
            .withTolerance(tolerance)
            .withSeed(session.seed())
            .withThreads(session.threads());
    return Spectrum.of(session, bank, graph, pixelWeight, options, model);
  }

  private KMeansOptions kmeans(Session session, Spectrum spectrum) {
    return KMeansOptions.of(clusters.orElse(spectrum.count()))
        .withInits(INITS)
        .withSeed(session.seed())
        .withThreads(session.threads());
  }

  // An image is a bank of one image: in a folder of its own that is deleted afterwards.
  private JsonObject ofImage(Session session) throws IOException {
    if (dataset != null || graphFile.isPresent()) {
      throw usage("--dataset and --graph are for a bank");
    }
    if (model.isPresent() && (backbone.isPresent() || size.isPresent())) {
      throw usage("-b and --size are for an image without a model, which has its own");
    }
    Path folder = output.orElseThrow(() -> usage("-o names the folder for an image's pictures"));
    for (String picture : SpectrumPictures.FILES) {
      refuseToReplace(folder.resolve(picture));
    }
    try (OutputFolder _ = OutputFolder.open(folder)) {
      Path temporary = folder.resolve(".bank");
      if (Files.isSymbolicLink(temporary)) {
        throw new BadInputException(temporary + " is a link, and not ours; delete it");
      }
      FeatureBank.delete(temporary); // of a command that was killed
      try {
        extract(session, temporary);
        return pictures(session, temporary, folder);
      } finally {
        FeatureBank.delete(temporary);
      }
    }
  }

  private JsonObject pictures(Session session, Path patches, Path folder) throws IOException {
    try (FeatureBank bank = FeatureBank.open(patches);
        KnnGraph graph = imageGraph(session, bank);
        Spectrum spectrum = spectrum(session, bank, graph, IMAGE_VECTORS);
        SpectralClusters found = spectrum.clusters(kmeans(session, spectrum))) {
      JsonObject json = spectrum.json();
      BufferedImage photograph = bank.manifest().geometry().read(input);
      SpectrumPictures.write(folder, photograph, bank.images().getFirst(), spectrum, found);
      session.say("wrote eigenvectors.png and clusters.png into " + folder);
      json.add("seconds", session.stages().toJson());
      return json;
    }
  }

  private void extract(Session session, Path bank) throws IOException {
    if (model.isPresent()) {
      try (Segmenter segmenter = Segmenter.load(model.get())) {
        extract(session, bank, segmenter.backbone(), likeModel(segmenter.info().geometry()));
      }
      return;
    }
    try (Backbone opened =
        backboneOptions.open(session, backbone.orElse(BackboneOptions.DESCRIPTOR), "cpu")) {
      extract(session, bank, opened, ExtractOptions.DEFAULT.withSize(size));
    }
  }

  private void extract(Session session, Path bank, Backbone opened, ExtractOptions options)
      throws IOException {
    ExtractOptions seeded = options.withSeed(session.seed()).withThreads(session.threads());
    Extractor.extract(List.of(input), opened, bank, seeded, session.progress());
  }

  private static ExtractOptions likeModel(ImageGeometry geometry) {
    return ExtractOptions.DEFAULT
        .withSize(geometry.resize())
        .withBorder(geometry.border())
        .withBands(geometry.bands());
  }

  private KnnGraph imageGraph(Session session, FeatureBank bank) throws IOException {
    int inBatch = TrainingOptions.Kernel.DEFAULT.neighborsFor(bank.rows());
    KnnEngine.Request request =
        new KnnEngine.Request(
            bank.level(Level.HIGH),
            Math.clamp(neighbors.neighbors().orElse(inBatch), 1, Math.toIntExact(bank.rows() - 1)),
            GraphOptions.DEFAULT.memory(),
            session.threads());
    return session.stage(
        "graph", () -> KnnGraph.build(KnnEngines.select("auto"), request, session.progress()));
  }
}
