package dev.eigenseg.cli.train;

import com.google.gson.JsonObject;
import dev.eigenseg.api.Dendrogram;
import dev.eigenseg.api.IncompatibleException;
import dev.eigenseg.api.bank.FeatureBank;
import dev.eigenseg.cli.session.Session;
import dev.eigenseg.cli.session.Surroundings;
import dev.eigenseg.cli.session.WorkCommand;
import dev.eigenseg.graph.BankGraph;
import dev.eigenseg.graph.KnnGraph;
import dev.eigenseg.infer.SegmenterFile;
import dev.eigenseg.train.ClusterMerging;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** From clusters to few segments. */
@Command(
    name = "merge-clusters",
    description = {
      "Finds in which order a model's clusters merge, without labels, and stores it in the model.",
      "'train' does so at its end; this is for models of before it did, and for another graph. "
          + "Then 'segment --segments 12' makes twelve segments of any number of clusters."
    },
    footer = {
      "",
      "Examples:",
      "  eigenseg merge-clusters street.safetensors --bank street.bank",
      "  eigenseg segment -m street.safetensors -o twelve --segments 12 photos/"
    })
public final class MergeClustersCommand extends WorkCommand {
  @Parameters(paramLabel = "MODEL", description = "The segmenter file; it is rewritten.")
  private Path model;

  @Option(
      names = "--bank",
      paramLabel = "BANK",
      required = true,
      description = "The feature bank that it was trained on, or another of the same backbone.")
  private Path bankFolder;

  @Option(
      names = "--graph",
      paramLabel = "FILE",
      description =
          "The bank's graph, whose similarities decide (default: graph.knn in the bank; if there "
              + "is none, the features decide).")
  private Optional<Path> graphFile = Optional.empty();

  public MergeClustersCommand(Surroundings surroundings) {
    super(surroundings);
  }

  @Override
  protected JsonObject work(Session session) throws IOException {
    String fingerprint = SegmenterFile.fingerprint(model);
    Dendrogram found =
        session.stage(
            "merge-clusters",
            () -> {
              try (FeatureBank bank = FeatureBank.open(bankFolder)) {
                return find(session, bank);
              }
            });
    SegmenterFile.storeDendrogram(model, fingerprint, found);
    session.say(
        "wrote into %s how its %d clusters merge, by the %s; --segments N makes use of it"
            .formatted(model, found.clusters(), found.source()));
    JsonObject json = new JsonObject();
    json.addProperty("model", model.toString());
    json.addProperty("clusters", found.clusters());
    json.addProperty("source", found.source());
    json.add("seconds", session.stages().toJson());
    return json;
  }

  private Dendrogram find(Session session, FeatureBank bank) throws IOException {
    Path file = graphFile.orElseGet(() -> BankGraph.file(bankFolder));
    if (graphFile.isEmpty() && !Files.exists(file)) {
      return find(session, bank, Optional.empty());
    }
    if (!ClusterMerging.isOf(bank, file)) {
      throw new IncompatibleException(
          "%s is not a graph of all patches of %s; make one with 'eigenseg graph'"
              .formatted(file, bankFolder));
    }
    try (KnnGraph graph = KnnGraph.open(file)) {
      return find(session, bank, Optional.of(graph));
    }
  }

  private Dendrogram find(Session session, FeatureBank bank, Optional<KnnGraph> graph)
      throws IOException {
    try (SegmenterFile file = SegmenterFile.open(model)) {
      return ClusterMerging.of(bank, file.model(), graph, session.threads(), session.progress());
    }
  }
}
