package dev.eigenseg.cli.bank;

import com.google.gson.JsonObject;
import dev.eigenseg.api.BadInputException;
import dev.eigenseg.api.bank.FeatureBank;
import dev.eigenseg.api.spi.KnnIndex;
import dev.eigenseg.cli.input.NeighborOptions;
import dev.eigenseg.cli.session.ByteSize;
import dev.eigenseg.cli.session.GraphMessages;
import dev.eigenseg.cli.session.Session;
import dev.eigenseg.cli.session.Surroundings;
import dev.eigenseg.cli.session.WorkCommand;
import dev.eigenseg.graph.BankGraph;
import dev.eigenseg.graph.GraphOptions;
import dev.eigenseg.graph.GraphPart;
import dev.eigenseg.graph.KnnGraphBuilder;
import dev.eigenseg.graph.KnnGraphInfo;
import dev.eigenseg.graph.plan.PlannedGraph;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Optional;
import picocli.CommandLine.Command;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.TypeConversionException;

/** Feature bank to kNN graph. */
@Command(
    name = "graph",
    description = {
      "Finds the most similar patches of every patch.",
      "Says beforehand how long it will take and how much memory; does nothing if the graph is there.",
      "A search with the engine vector, exact or --index ivf, that was stopped, or killed, goes on "
          + "with the same command. It can be divided among machines with --part; the parts are "
          + "joined by 'eigenseg graph merge'. Neither memory nor parts change the graph."
    },
    synopsisSubcommandLabel = "[merge]",
    footer = {
      "",
      "Examples:",
      "  eigenseg graph street.bank --neighbors 64 --memory 1g",
      "  eigenseg graph street.bank --index ivf --recall 0.95",
      "  eigenseg graph street.bank --part 1/2 -o half-1.knn",
      "  eigenseg graph street.bank --part 2/2 -o half-2.knn",
      "  eigenseg graph merge half-1.knn half-2.knn -o street.bank/graph.knn",
      "  eigenseg graph street.bank --index ivf --part 1/2 --lists-file street.lists -o half-1.knn",
      "  eigenseg graph --plan --rows 1e8 --machines 10 --cores 32 --memory 32g"
    })
public final class GraphCommand extends WorkCommand {
  private enum Engine {
    AUTO,
    VECTOR,
    BLAS,
    FAISS
  }

  // Not required for picocli, or 'graph merge' would need one.
  @Parameters(paramLabel = "BANK", arity = "0..1", description = "The feature bank.")
  private Optional<Path> bankFolder = Optional.empty();

  @Option(
      names = {"-o", "--output"},
      paramLabel = "FILE",
      description =
          "The graph's file (default: graph.knn in the bank; graph-part-2-of-8.knn for --part 2/8).")
  private Optional<Path> output = Optional.empty();

  @Mixin private NeighborOptions neighbors;

  @Option(
      names = "--engine",
      paramLabel = "auto|vector|blas|faiss",
      defaultValue = "auto",
      description =
          "How to search: vector is built in, blas is the same with the products of OpenBLAS or "
              + "libtorch, faiss a native library; one that is named never falls back to another "
              + "(default: ${DEFAULT-VALUE}).")
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

  @Option(
      names = "--part",
      paramLabel = "I/N",
      converter = PartConverter.class,
      description = "Do only this share of the work, such as 2/8; all shares take about as long.")
  private Optional<GraphPart> part = Optional.empty();

  @Mixin private PlanOptions plan;

  @Option(
      names = "--lists-file",
      paramLabel = "FILE",
      description =
          "ivf: the file of inverted lists that the parts share, about as large as the bank: made "
              + "if it is missing, used if it is there, kept (default: each part makes its own, and "
              + "deletes it in the end).")
  private Optional<Path> listsFile = Optional.empty();

  @Option(
      names = "--overwrite",
      description =
          "Replace a graph that is there already, or an unfinished one with other settings.")
  private boolean overwrite;

  public GraphCommand(Surroundings surroundings) {
    super(surroundings);
  }

  /** Reads a part. */
  static final class PartConverter implements ITypeConverter<GraphPart> {
    @Override
    public GraphPart convert(String value) {
      try {
        return GraphPart.parse(value);
      } catch (BadInputException e) {
        throw new TypeConversionException(e.getMessage());
      }
    }
  }

  @Override
  protected JsonObject work(Session session) throws IOException {
    if (plan.wanted()) {
      return plan(session);
    }
    if (plan.given()) {
      throw usage(
          "--rows, --dim, --dtype, --machines, --cores, --parts, --disk-rate, --network-rate, --measured and --price do "
              + "nothing without --plan");
    }
    Path folder = bankFolder.orElseThrow(() -> usage("Missing required parameter: 'BANK'"));
    GraphPart share = part.orElse(GraphPart.WHOLE);
    KnnIndex wanted = wantedIndex();
    if (!share.whole()) {
      requireDivisible(wanted);
    }
    if (listsFile.isPresent()) {
      requireLists(wanted);
    }
    Path file = output.orElseGet(() -> BankGraph.file(folder, share));
    if (listsFile.isPresent() && same(listsFile.get(), file)) {
      throw usage("--lists-file is %s, and so is the graph's file: name another".formatted(file));
    }
    try (FeatureBank bank = FeatureBank.open(folder)) { // first: without a bank there is no folder
      Session.checkFile(file);
      BankGraph graph = new BankGraph(bank, options(session, share, wanted, bank));
      GraphMessages messages = new GraphMessages(session, "");
      if (!overwrite && Files.exists(file)) {
        return existing(session, graph, messages, share, file);
      }
      graph.build(share, file, listsFile, overwrite, messages, session.progress());
      return messages.json(graph, KnnGraphInfo.read(file));
    }
  }

  private JsonObject plan(Session session) throws IOException {
    if (bankFolder.isPresent() == plan.ofRows()) {
      throw usage("--plan is for a BANK or for --rows: name one of them");
    }
    if (bankFolder.isPresent() && plan.ofShape()) {
      throw usage("--dim and --dtype are those of the BANK; leave them out");
    }
    if (output.isPresent() || overwrite || part.isPresent() || listsFile.isPresent()) {
      throw usage(
          "--plan writes nothing: leave --output, --overwrite, --part and --lists-file out");
    }
    if (!device.equals("cpu") || (engine != Engine.AUTO && engine != Engine.VECTOR)) {
      throw usage("--plan knows the engine vector on the cpu; leave --engine and --device out");
    }
    PlannedGraph graph = planned();
    return sensible(() ->
        new PlanReport(graph, plan.machines(), plan.model(graph), plan.measured(), plan.price())
            .run(session));
  }

  private PlannedGraph planned() throws IOException {
    KnnIndex wanted = wantedIndex();
    if (plan.ofRows()) {
      return sensible(() -> plan.graph(neighbors.neighbors(), wanted, memory.bytes()));
    }
    try (FeatureBank bank = FeatureBank.open(bankFolder.orElseThrow())) {
      return sensible(() -> PlanOptions.graph(bank, neighbors.neighbors(), wanted, memory.bytes()));
    }
  }

  private GraphOptions options(
      Session session, GraphPart share, KnnIndex wanted, FeatureBank bank) {
    return GraphOptions.DEFAULT
        .withNeighbors(neighbors.neighbors().orElseGet(() -> BankGraph.neighborsFor(bank.rows())))
        .withEngine(
            share.whole() && listsFile.isEmpty()
                ? engine.name().toLowerCase(Locale.ROOT)
                : "vector")
        .withIndex(wanted)
        .withDevice(device)
        .withMemory(memory.bytes())
        .withSeed(session.seed())
        .withThreads(session.threads());
  }

  private KnnIndex wantedIndex() {
    try {
      return index.index();
    } catch (IllegalArgumentException e) {
      throw usage(e.getMessage());
    }
  }

  private void requireDivisible(KnnIndex wanted) {
    if (wanted.kind() == KnnIndex.Kind.HNSW) {
      throw usage(
          "--part divides exact searches and those by inverted lists; leave --index out, or choose ivf");
    }
    if (engine != Engine.AUTO && engine != Engine.VECTOR) {
      throw usage("--part divides searches with the engine vector; leave --engine out");
    }
  }

  private void requireLists(KnnIndex wanted) {
    if (wanted.kind() != KnnIndex.Kind.IVF) {
      throw usage("--lists-file does nothing without --index ivf");
    }
    if (engine != Engine.AUTO && engine != Engine.VECTOR) {
      throw usage("--lists-file is for searches with the engine vector; leave --engine out");
    }
    Session.checkFile(listsFile.orElseThrow());
  }

  private static boolean same(Path one, Path other) {
    return one.toAbsolutePath().normalize().equals(other.toAbsolutePath().normalize());
  }

  private static JsonObject existing(
      Session session, BankGraph graph, GraphMessages messages, GraphPart share, Path file)
      throws IOException {
    KnnGraphInfo found = KnnGraphInfo.read(file);
    graph.requireSame(share, file, found);
    graph.requireSameIndex(file, found);
    KnnGraphBuilder.discard(file); // should a run have died right after it had made the file
    session.say(
        "%s is there already, %s; --overwrite builds it again"
            .formatted(file, found.exact() ? "and exact" : "with the same settings"));
    return messages.json(graph, found);
  }
}
