package dev.eigenseg.cli.bank;

import com.google.gson.JsonObject;
import dev.eigenseg.api.BadInputException;
import dev.eigenseg.cli.session.GraphMessages;
import dev.eigenseg.cli.session.Session;
import dev.eigenseg.cli.session.Surroundings;
import dev.eigenseg.cli.session.WorkCommand;
import dev.eigenseg.graph.KnnGraph;
import dev.eigenseg.graph.KnnGraphInfo;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Parts of a kNN graph to the whole. */
@Command(
    name = "merge",
    description = {
      "Joins all parts of a graph, which 'eigenseg graph --part' made, into the file that a single run would have made.",
      "Checks that they are parts of one graph and that none is missing or damaged."
    },
    footer = {
      "",
      "Example:",
      "  eigenseg graph merge half-1.knn half-2.knn -o street.bank/graph.knn"
    })
public final class GraphMergeCommand extends WorkCommand {
  @Parameters(paramLabel = "PART", arity = "1..*", description = "All parts, in any order.")
  private List<Path> parts;

  @Option(
      names = {"-o", "--output"},
      paramLabel = "FILE",
      required = true,
      description = "The graph's file.")
  private Path output;

  @Option(names = "--overwrite", description = "Replace a graph that is there already.")
  private boolean overwrite;

  public GraphMergeCommand(Surroundings surroundings) {
    super(surroundings);
  }

  @Override
  protected JsonObject work(Session session) throws IOException {
    Session.checkFile(output);
    if (!overwrite && Files.exists(output)) {
      throw new BadInputException(
          output + " is there already; replace it with --overwrite, or name another file");
    }
    session.stage(
        "merge",
        () -> {
          KnnGraph.merge(parts, output, session.progress());
          return output;
        });
    session.say("wrote " + output);
    KnnGraphInfo graph = KnnGraphInfo.read(output);
    JsonObject json = new JsonObject();
    json.addProperty("n", graph.rows());
    json.addProperty("neighbors", graph.k());
    json.addProperty("engine", graph.engine());
    json.addProperty("exact", graph.exact());
    graph
        .recall()
        .ifPresent(recall -> {
          GraphMessages.sayRecall(session, recall);
          json.addProperty("recall", recall.fraction());
          json.addProperty("recall-margin", recall.margin());
        });
    json.addProperty("parts", parts.size());
    json.addProperty("seconds", session.stages().seconds("merge"));
    return json;
  }
}
