package dev.eigenseg.cli;

import com.google.gson.JsonObject;
import dev.eigenseg.api.bank.FeatureBank;
import dev.eigenseg.api.spi.KnnIndex;
import dev.eigenseg.graph.KnnEngines;
import dev.eigenseg.graph.KnnGraph;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Optional;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Feature bank to kNN graph. */
@Command(
    name = "graph",
    description = {
      "Finds the most similar patches of every patch.",
      "Says beforehand how long it will take and how much memory; does nothing if the graph is there."
    },
    footer = {"", "Example:", "  eigenseg graph street.bank --neighbors 64 --memory 1g"})
final class GraphCommand extends WorkCommand {
  private enum Engine {
    AUTO,
    VECTOR,
    FAISS
  }

  @Parameters(paramLabel = "BANK", description = "The feature bank.")
  private Path bankFolder;

  @Option(
      names = {"-o", "--output"},
      paramLabel = "FILE",
      description = "The graph's file (default: graph.knn in the bank).")
  private Optional<Path> output = Optional.empty();

  @Option(
      names = "--neighbors",
      paramLabel = "K",
      defaultValue = "64",
      converter = CommonOptions.PositiveInt.class,
      description = "Neighbours a patch (default: ${DEFAULT-VALUE}).")
  private int neighbors;

  @Option(
      names = "--engine",
      paramLabel = "auto|vector|faiss",
      defaultValue = "auto",
      description =
          "How to search: vector is built in, faiss a native library; one that is named never falls back to another (default: ${DEFAULT-VALUE}).")
  private Engine engine;

  @Mixin private IndexOptions index;

  @Option(
      names = "--device",
      paramLabel = "DEVICE",
      defaultValue = "cpu",
      description =
          "Where to search: cpu, or cuda:0 with a faiss that was built for it (default: ${DEFAULT-VALUE}).")
  private String device;

  @Option(
      names = "--memory",
      paramLabel = "SIZE",
      defaultValue = "2g",
      converter = ByteSize.Converter.class,
      description = "The most memory that the search may take (default: ${DEFAULT-VALUE}).")
  private ByteSize memory;

  @Option(names = "--overwrite", description = "Replace a graph that is there already.")
  private boolean overwrite;

  GraphCommand(Surroundings surroundings) {
    super(surroundings);
  }

  @Override
  JsonObject work(Session session) throws IOException {
    KnnIndex wanted = wantedIndex();
    Path file = output.orElseGet(() -> GraphBuilding.defaultFile(bankFolder));
    Session.checkFolder(file);
    try (FeatureBank bank = FeatureBank.open(bankFolder)) {
      GraphBuilding building =
          new GraphBuilding(
              session,
              bank,
              neighbors,
              KnnEngines.select(engine.name().toLowerCase(Locale.ROOT), wanted.kind(), device),
              wanted,
              device,
              memory);
      if (!overwrite && Files.exists(file)) {
        return existing(session, building, file);
      }
      return building.build(file);
    }
  }

  private KnnIndex wantedIndex() {
    try {
      return index.index();
    } catch (IllegalArgumentException e) {
      throw usage(e.getMessage());
    }
  }

  private JsonObject existing(Session session, GraphBuilding building, Path file)
      throws IOException {
    try (KnnGraph graph = KnnGraph.open(file)) {
      building.requireSame(file, graph);
      building.requireExactness(file, graph);
      session.say(file + " is there already, with the same settings; --overwrite builds it again");
      return building.json(graph);
    }
  }
}
