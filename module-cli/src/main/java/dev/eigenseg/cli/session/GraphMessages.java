package dev.eigenseg.cli.session;

import com.google.gson.JsonObject;
import dev.eigenseg.api.spi.KnnEngine;
import dev.eigenseg.api.spi.KnnIndex;
import dev.eigenseg.graph.BankGraph;
import dev.eigenseg.graph.GraphPart;
import dev.eigenseg.graph.KnnGraphBuilder;
import dev.eigenseg.graph.KnnGraphInfo;
import dev.eigenseg.graph.Recall;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Map;

/** Tells the user what a search will cost, and what it found; times it as the stage "graph". */
public final class GraphMessages implements BankGraph.Listener {
  private final Session session;
  private final String purpose;

  /**
   * Messages of a command.
   *
   * @param purpose what a missing graph is needed for, as a relative clause, or empty
   */
  public GraphMessages(Session session, String purpose) {
    this.session = session;
    this.purpose = purpose;
  }

  @Override
  public void missing(Path file) {
    session.say("there is no " + file + " yet" + purpose + ": building it");
  }

  @Override
  public void around(BankGraph.Search search, BankGraph graph, GraphPart part, Path file)
      throws IOException {
    KnnEngine.Cost cost = graph.predict();
    session.say(
        "graph of %d patches, %d neighbours, engine %s: about %s and %s of memory"
            .formatted(
                graph.rows(),
                graph.neighbors(),
                graph.engine().name(),
                Durations.text(cost.seconds() / part.count()),
                new ByteSize(cost.peakBytes())));
    session.stage(
        "graph",
        () -> {
          search.run();
          return file;
        });
    session.say("wrote " + file);
    KnnGraphInfo found = KnnGraphInfo.read(file);
    found
        .recall()
        .ifPresent(recall -> sayRecall(graph.index(), found.provenance().settings(), recall));
  }

  private void sayRecall(KnnIndex index, Map<String, String> settings, Recall recall) {
    if (index.kind() == KnnIndex.Kind.IVF) {
      session.say(
          "every patch looked into %s of %s lists"
              .formatted(
                  settings.get(KnnGraphBuilder.PROBES), settings.get(KnnGraphBuilder.LISTS)));
    }
    sayRecall(session, recall);
  }

  /** Says what was measured of an approximate graph. */
  public static void sayRecall(Session session, Recall recall) {
    session.say(
        "recall %.3f +- %.3f: the share of true neighbours that were found, measured on random patches"
            .formatted(recall.fraction(), recall.margin()));
  }

  /** What {@code --json} says of a graph, built or found. */
  public JsonObject json(BankGraph wanted, KnnGraphInfo graph) {
    JsonObject json = new JsonObject();
    json.addProperty("n", graph.rows());
    json.addProperty("neighbors", graph.k());
    json.addProperty("dim", wanted.dim());
    json.addProperty("engine", graph.engine());
    json.addProperty("index", graph.exact() ? "exact" : wanted.index().kind().text());
    json.addProperty("exact", graph.exact());
    if (graph.exact() || graph.recall().isPresent()) { // that of parts is measured when joined
      json.addProperty("recall", graph.recall().map(Recall::fraction).orElse(1.0));
    }
    graph.recall().ifPresent(recall -> json.addProperty("recall-margin", recall.margin()));
    if (!graph.part().whole()) {
      json.addProperty("part", graph.part().toString());
    }
    json.addProperty("seconds", session.stages().seconds("graph"));
    json.addProperty("peak-bytes", wanted.predict().peakBytes());
    return json;
  }
}
