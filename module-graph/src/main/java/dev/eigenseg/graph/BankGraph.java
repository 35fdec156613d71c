package dev.eigenseg.graph;

import dev.eigenseg.api.BadInputException;
import dev.eigenseg.api.IncompatibleException;
import dev.eigenseg.api.Progress;
import dev.eigenseg.api.Provenance;
import dev.eigenseg.api.bank.FeatureBank;
import dev.eigenseg.api.bank.Level;
import dev.eigenseg.api.internal.file.OutputLock;
import dev.eigenseg.api.spi.KnnEngine;
import dev.eigenseg.api.spi.KnnIndex;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/**
 * The neighbour graph of a bank: where it is, how it is built, and whether one that is there is the
 * one that is wanted. A graph remembers the content of its bank and how it was searched.
 *
 * <pre>{@code
 * BankGraph wanted = new BankGraph(bank, GraphOptions.DEFAULT);
 * try (KnnGraph graph = wanted.openOrBuild(wanted.file(), Listener.NONE, progress)) { ... }
 * }</pre>
 */
public final class BankGraph {
  /** Neighbours of a patch in all but small banks, unless the user says otherwise. */
  public static final int NEIGHBORS = 64;

  // Of a bank's patches that are a patch's neighbours at most: with more, all is like everything.
  private static final int LARGEST_SHARE = 16;
  private static final String BANK = "bank";

  private final FeatureBank bank;
  private final GraphOptions options;
  private final KnnEngine engine;

  /**
   * A graph that is wanted of a bank.
   *
   * @param bank borrowed
   * @throws dev.eigenseg.api.UnavailableException if there is no such engine here; the message says
   *     why
   */
  public BankGraph(FeatureBank bank, GraphOptions options) {
    this.bank = bank;
    this.options = options;
    this.engine = KnnEngines.select(options.engine(), options.index().kind(), options.device());
  }

  /** A search that is about to begin; running it makes the file. */
  @FunctionalInterface
  public interface Search {
    /** Searches. */
    void run() throws IOException;
  }

  /** Follows a graph that is built. Called on the thread that builds. */
  public interface Listener {
    /** Lets searches run. */
    Listener NONE = new Listener() {};

    /** There is no such file: the graph has to be built. */
    default void missing(Path file) {}

    /** Runs a search, and may say something before and behind it. */
    default void around(Search search, BankGraph graph, GraphPart part, Path file)
        throws IOException {
      search.run();
    }
  }

  /** Where a bank's graph is unless the user says otherwise. */
  public static Path file(Path bank) {
    return bank.resolve("graph.knn");
  }

  /** Where a part of a bank's graph is, likewise. */
  public static Path file(Path bank, GraphPart part) {
    return part.whole()
        ? file(bank)
        : bank.resolve(
            String.format(Locale.ROOT, "graph-part-%d-of-%d.knn", part.number(), part.count()));
  }

  /** Neighbours of a patch in a bank of so many, unless the user says otherwise. */
  public static int neighborsFor(long rows) {
    return Math.clamp(rows / LARGEST_SHARE, 1, NEIGHBORS);
  }

  /** Where this bank's graph is unless the user says otherwise. */
  public Path file() {
    return file(bank.directory());
  }

  /** The patches. */
  public long rows() {
    return bank.rows();
  }

  /** Neighbours of each patch, if the graph is built. */
  public int neighbors() {
    return options.neighbors().orElseGet(() -> neighborsFor(bank.rows()));
  }

  /** Channels of the rows that are compared. */
  public int dim() {
    return bank.manifest().dims().high();
  }

  /** The engine that searches. */
  public KnnEngine engine() {
    return engine;
  }

  /** How neighbours are looked for. */
  public KnnIndex index() {
    return options.index();
  }

  /** What building the whole graph will cost. */
  public KnnEngine.Cost predict() {
    return engine.predict(request());
  }

  /**
   * Opens the graph, or builds it if it is missing.
   *
   * @param file where it is, see {@link #file()}
   * @param listener told if it has to be built
   * @return a graph that the caller owns
   * @throws IncompatibleException if another graph is there; the message names what differs
   * @throws BadInputException if the bank has too few patches or the memory is too small
   * @throws dev.eigenseg.api.CancelledException if the user wants the work to stop; the same call
   *     goes on where it was, see {@link KnnGraphBuilder}
   */
  public KnnGraph openOrBuild(Path file, Listener listener, Progress progress) throws IOException {
    if (!Files.exists(file)) {
      listener.missing(file);
      build(GraphPart.WHOLE, file, false, listener, progress);
    }
    KnnGraph graph = KnnGraph.open(file);
    try {
      requireSame(GraphPart.WHOLE, file, KnnGraphInfo.read(file));
      return graph;
    } catch (IOException | RuntimeException | Error e) {
      graph.close();
      throw e;
    }
  }

  /**
   * Searches and writes the file, which appears whole or not at all.
   *
   * @param part which share of the work
   * @param restart whether an unfinished search with other settings is thrown away
   * @throws dev.eigenseg.api.UnavailableException if somebody else writes this file
   */
  public void build(
      GraphPart part, Path file, boolean restart, Listener listener, Progress progress)
      throws IOException {
    build(part, file, Optional.empty(), restart, listener, progress);
  }

  /**
   * Likewise, with inverted lists that several parts of an approximate search share.
   *
   * @param lists their file; made if it is missing, and never deleted
   * @throws IncompatibleException if it has the lists of another search, too
   */
  public void build(
      GraphPart part,
      Path file,
      Optional<Path> lists,
      boolean restart,
      Listener listener,
      Progress progress)
      throws IOException {
    KnnGraphBuilder builder = new KnnGraphBuilder(engine, request(), provenance());
    try (OutputLock _ = OutputLock.ofFile(file)) {
      listener.around(() -> builder.build(part, file, lists, restart, progress), this, part, file);
    }
  }

  /**
   * Makes the inverted lists that the parts of an approximate search share, unless they are there.
   *
   * @throws dev.eigenseg.api.UnavailableException if the engine keeps no lists
   * @throws IncompatibleException if the lists of another search are there
   */
  public void prepare(Path lists, Progress progress) throws IOException {
    new KnnGraphBuilder(engine, request(), provenance()).prepare(lists, progress);
  }

  private KnnEngine.Request request() {
    if (neighbors() >= bank.rows()) {
      throw new BadInputException(
          ("%d neighbours a patch need more than the %d patches of %s;"
                  + " choose fewer with --neighbors, or extract more images")
              .formatted(neighbors(), bank.rows(), bank.directory()));
    }
    return new KnnEngine.Request(
        bank.level(Level.HIGH),
        neighbors(),
        options.memory(),
        options.threads(),
        options.index(),
        options.device());
  }

  /**
   * Checks that a graph that is there already is of this bank and has the neighbours that are
   * wanted.
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
    require(file, "neighbours", graph.k(), options.neighbors().orElse(graph.k()));
    Optional<String> madeFrom = Optional.ofNullable(graph.provenance().inputs().get(BANK));
    if (madeFrom.isPresent() && !madeFrom.get().equals(bank.identity())) {
      throw new IncompatibleException(
          file
              + " was built before the bank's content changed; build it again with 'eigenseg graph --overwrite'");
    }
  }

  /**
   * Refuses an approximate graph that was not searched as the user wants; an exact one is as good
   * as any.
   *
   * @throws IncompatibleException naming what differs
   */
  public void requireSameIndex(Path file, KnnGraphInfo graph) {
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

  private Provenance provenance() throws IOException {
    return Provenance.here(
        "graph", settings(), Map.of(BANK, bank.identity()), options.seed(), options.device());
  }

  /** What the graph depends on beside its bank, by name, as its provenance has it. */
  public Map<String, String> settings() {
    Map<String, String> settings = new TreeMap<>();
    settings.put("neighbors", Integer.toString(neighbors()));
    settings.put("engine", engine.name());
    settings.putAll(indexSettings());
    return settings;
  }

  /** Of the index, what the user can choose; numbers left open are up to the engine. */
  private Map<String, String> indexSettings() {
    KnnIndex index = options.index();
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
      case HNSW -> settings.put("ef-search", Integer.toString(index.efSearchFor(neighbors())));
    }
    return settings;
  }
}
