package dev.eigenseg.cli.bank;

import com.google.gson.JsonObject;
import dev.eigenseg.api.BadInputException;
import dev.eigenseg.api.IncompatibleException;
import dev.eigenseg.api.Provenance;
import dev.eigenseg.api.bank.FeatureBank;
import dev.eigenseg.api.bank.Level;
import dev.eigenseg.api.internal.file.Hashes;
import dev.eigenseg.api.spi.KnnEngine;
import dev.eigenseg.api.spi.KnnIndex;
import dev.eigenseg.cli.session.ByteSize;
import dev.eigenseg.cli.session.Durations;
import dev.eigenseg.cli.session.Session;
import dev.eigenseg.graph.GraphPart;
import dev.eigenseg.graph.KnnGraphBuilder;
import dev.eigenseg.graph.KnnGraphInfo;
import dev.eigenseg.graph.Recall;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/**
 * Builds the graph of a bank; for {@code graph}, and for {@code train} where the graph is missing.
 */
public final class GraphBuilding {
  private static final String BANK = "bank";

  private final Session session;
  private final FeatureBank bank;
  private final int neighbors;
  private final KnnEngine engine;
  private final KnnEngine.Request request;

  public GraphBuilding(
      Session session,
      FeatureBank bank,
      int neighbors,
      KnnEngine engine,
      KnnIndex index,
      String device,
      ByteSize memory) {
    this.session = session;
    this.bank = bank;
    this.neighbors = neighbors;
    this.engine = engine;
    if (neighbors >= bank.rows()) {
      throw new BadInputException(
          "%d neighbours a patch need more than the %d patches of %s; choose fewer with --neighbors, or extract more images"
              .formatted(neighbors, bank.rows(), bank.directory()));
    }
    this.request =
        new KnnEngine.Request(
            bank.level(Level.HIGH), neighbors, memory.bytes(), session.threads(), index, device);
  }

  /** Where a bank's graph is unless the user says otherwise. */
  public static Path defaultFile(Path bank) {
    return bank.resolve("graph.knn");
  }

  /** Where a part of a bank's graph is, likewise. */
  public static Path defaultFile(Path bank, GraphPart part) {
    return part.whole()
        ? defaultFile(bank)
        : bank.resolve("graph-part-%d-of-%d.knn".formatted(part.number(), part.count()));
  }

  /**
   * Checks that a graph that is there already is the one that would be built.
   *
   * @throws IncompatibleException naming what differs
   */
  public void requireSame(GraphPart part, Path file, KnnGraphInfo graph) throws IOException {
    if (!graph.part().equals(part)) {
      throw new IncompatibleException(
          "%s is part %s of a graph, not %s; replace it with 'eigenseg graph --overwrite', or name another file"
              .formatted(file, graph.part(), part));
    }
    require(file, "patches", graph.rows(), bank.rows());
    require(file, "neighbours", graph.k(), neighbors);
    Optional<String> madeFrom = Optional.ofNullable(graph.provenance().inputs().get(BANK));
    if (madeFrom.isPresent() && !madeFrom.get().equals(identity())) {
      throw new IncompatibleException(
          file
              + " was built before the bank's content changed; build it again with 'eigenseg graph --overwrite'");
    }
  }

  /**
   * Refuses an approximate graph that was not searched as the user wants; an exact one is as good
   * as any.
   */
  void requireSameIndex(Path file, KnnGraphInfo graph) {
    if (graph.exact()) {
      return;
    }
    Map<String, String> found = graph.provenance().settings();
    indexSettings()
        .forEach((name, value) -> {
          String made = found.get(name);
          if (!value.equals(made)) {
            throw new IncompatibleException(
                "%s is approximate, made with --%s %s, not %s; replace it with 'eigenseg graph --overwrite', or name another file"
                    .formatted(file, name, made == null ? "unset" : made, value));
          }
        });
  }

  private static void require(Path file, String what, long found, long expected) {
    if (found != expected) {
      throw new IncompatibleException(
          "%s has %d %s, not %d; replace it with 'eigenseg graph --overwrite', or name another file"
              .formatted(file, found, what, expected));
    }
  }

  // The bank's list of images holds a checksum of every image's features.
  private String identity() throws IOException {
    return Hashes.sha256(bank.directory().resolve("images.tsv"));
  }

  /** Searches all and writes the file. */
  public JsonObject build(Path file) throws IOException {
    return build(GraphPart.WHOLE, file, false);
  }

  /**
   * Searches and writes the file.
   *
   * @param restart whether an unfinished search with other settings is thrown away
   */
  public JsonObject build(GraphPart part, Path file, boolean restart) throws IOException {
    KnnEngine.Cost cost = engine.predict(request);
    session.say(
        "graph of %d patches, %d neighbours, engine %s: about %s and %s of memory"
            .formatted(
                bank.rows(),
                neighbors,
                engine.name(),
                Durations.text(cost.seconds() / part.count()),
                new ByteSize(cost.peakBytes())));
    KnnGraphBuilder builder = new KnnGraphBuilder(engine, request, provenance());
    session.stage(
        "graph",
        () -> {
          builder.build(part, file, restart, session.progress());
          return file;
        });
    session.say("wrote " + file);
    KnnGraphInfo graph = KnnGraphInfo.read(file);
    graph.recall().ifPresent(recall -> sayRecall(graph.provenance().settings(), recall));
    return json(graph, cost);
  }

  /** What {@code --json} says of a graph that is there already. */
  JsonObject json(KnnGraphInfo graph) {
    return json(graph, engine.predict(request));
  }

  private void sayRecall(Map<String, String> settings, Recall recall) {
    if (request.index().kind() == KnnIndex.Kind.IVF) {
      session.say(
          "every patch looked into %s of %s lists"
              .formatted(
                  settings.get(KnnGraphBuilder.PROBES), settings.get(KnnGraphBuilder.LISTS)));
    }
    session.say(
        "recall %.3f +- %.3f: the share of true neighbours that were found, measured on random patches"
            .formatted(recall.fraction(), recall.margin()));
  }

  private Provenance provenance() throws IOException {
    return Provenance.here(
        "graph", settings(), Map.of(BANK, identity()), session.seed(), request.device());
  }

  private Map<String, String> settings() {
    Map<String, String> settings = new TreeMap<>();
    settings.put("neighbors", Integer.toString(neighbors));
    settings.put("engine", engine.name());
    settings.putAll(indexSettings());
    return settings;
  }

  /** Of the index, what the user can choose; numbers left open are up to the engine. */
  private Map<String, String> indexSettings() {
    KnnIndex index = request.index();
    Map<String, String> settings = new TreeMap<>();
    settings.put("index", index.kind().text());
    switch (index.kind()) {
      case EXACT -> {}
      case IVF -> {
        settings.put("half", Boolean.toString(index.half()));
        index.recall().ifPresent(share -> settings.put("recall", Double.toString(share)));
        int lists = index.listsFor(bank.rows());
        index
            .lists()
            .ifPresent(given -> settings.put(KnnGraphBuilder.LISTS, Integer.toString(lists)));
        index
            .probes()
            .ifPresent(given ->
                settings.put(KnnGraphBuilder.PROBES, Integer.toString(index.probesOf(lists))));
      }
      case HNSW -> settings.put("ef-search", Integer.toString(index.efSearchFor(neighbors)));
    }
    return settings;
  }

  private JsonObject json(KnnGraphInfo graph, KnnEngine.Cost cost) {
    JsonObject json = new JsonObject();
    json.addProperty("n", graph.rows());
    json.addProperty("neighbors", graph.k());
    json.addProperty("dim", bank.manifest().dims().high());
    json.addProperty("engine", graph.engine());
    json.addProperty("index", graph.exact() ? "exact" : request.index().kind().text());
    json.addProperty("exact", graph.exact());
    json.addProperty("recall", graph.recall().map(Recall::fraction).orElse(1.0));
    graph.recall().ifPresent(recall -> json.addProperty("recall-margin", recall.margin()));
    if (!graph.part().whole()) {
      json.addProperty("part", graph.part().toString());
    }
    json.addProperty("seconds", session.stages().seconds("graph"));
    json.addProperty("peak-bytes", cost.peakBytes());
    return json;
  }
}
