package dev.eigenseg.cli.bank;

import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import dev.eigenseg.api.spi.KnnIndex;
import dev.eigenseg.cli.session.ByteSize;
import dev.eigenseg.cli.session.Durations;
import dev.eigenseg.cli.session.Session;
import dev.eigenseg.graph.plan.CostModel;
import dev.eigenseg.graph.plan.GraphPlan;
import dev.eigenseg.graph.plan.Machines;
import dev.eigenseg.graph.plan.PlannedGraph;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/** A plan as text and as JSON. */
record PlanReport(
    PlannedGraph graph,
    Machines machines,
    CostModel model,
    Map<Long, Double> measured,
    Optional<Double> price) {

  /** Plans and says it. */
  JsonObject run(Session session) {
    GraphPlan plan = GraphPlan.of(graph, machines, model);
    say(session, plan);
    return json(plan);
  }

  private void say(Session session, GraphPlan plan) {
    session.result(
        String.format(
            Locale.ROOT,
            "graph of %,d patches, %d channels, %s, %d neighbours, index %s, on %d x %d cores in %d %s",
            graph.rows(),
            graph.dim(),
            graph.dtype().name().toLowerCase(Locale.ROOT),
            graph.k(),
            graph.index().kind().text(),
            machines.count(),
            machines.cores(),
            machines.parts(),
            machines.parts() == 1 ? "part" : "parts"));
    line(
        session,
        "time",
        "about %s: searching %s, joining %s"
            .formatted(
                Durations.text(plan.seconds()),
                Durations.text(plan.searchSeconds()),
                Durations.text(plan.mergeSeconds())));
    line(session, "processor", Durations.text(plan.processorSeconds()) + " of one core");
    line(session, "memory", size(plan.peakBytes()) + " a machine, beside the JVM itself");
    line(
        session,
        "disk",
        "bank %s, graph %s, inverted lists %s and parts %s until the end, candidates %s on each machine"
            .formatted(
                size(plan.bankBytes()),
                size(plan.graphBytes()),
                size(plan.listsBytes()),
                size(plan.partBytes()),
                size(plan.scratchBytes())));
    line(
        session, "network", size(plan.networkBytes()) + ", if no machine keeps the bank in memory");
    if (graph.index().kind() == KnnIndex.Kind.IVF && plan.peakBytes() >= graph.memory()) {
      line(
          session,
          "beware",
          "inverted lists and candidates do not fit into --memory and are read again for every strip of them: "
              + "time and disk traffic are lower bounds");
    }
    price.ifPresent(hour ->
        line(session, "cost", String.format(Locale.ROOT, "%,.2f", plan.cost(machines, hour))));
    if (measured.isEmpty()) {
      line(session, "model", "of measured runs on an AMD Zen 4; --measured fits it to yours");
    } else {
      line(session, "model", "%.2f times the built-in one".formatted(factor()));
      measured.forEach((rows, seconds) -> sayRun(session, rows, seconds));
    }
  }

  private void sayRun(Session session, long rows, double seconds) {
    double planned = secondsOf(rows);
    line(
        session,
        "",
        String.format(
            Locale.ROOT,
            "%,d patches: measured %.1f s, model %.1f s, %+.0f %%",
            rows,
            seconds,
            planned,
            100 * (planned / seconds - 1)));
  }

  private double factor() {
    return model.start() / CostModel.DEFAULT.start();
  }

  private double secondsOf(long rows) {
    return model.seconds(graph.withRows(rows));
  }

  private static void line(Session session, String what, String text) {
    session.result(String.format(Locale.ROOT, "  %-10s %s", what, text));
  }

  private static String size(double bytes) {
    return new ByteSize(Math.round(bytes)).toString();
  }

  private JsonObject json(GraphPlan plan) {
    JsonObject json = new JsonObject();
    json.addProperty("n", graph.rows());
    json.addProperty("dim", graph.dim());
    json.addProperty("neighbors", graph.k());
    json.addProperty("index", graph.index().kind().text());
    json.addProperty("machines", machines.count());
    json.addProperty("cores", machines.cores());
    json.addProperty("parts", machines.parts());
    json.addProperty("seconds", plan.seconds());
    json.addProperty("search-seconds", plan.searchSeconds());
    json.addProperty("merge-seconds", plan.mergeSeconds());
    json.addProperty("processor-seconds", plan.processorSeconds());
    json.addProperty("peak-bytes", plan.peakBytes());
    json.addProperty("bank-bytes", plan.bankBytes());
    json.addProperty("graph-bytes", plan.graphBytes());
    json.addProperty("lists-bytes", plan.listsBytes());
    json.addProperty("part-bytes", plan.partBytes());
    json.addProperty("scratch-bytes", plan.scratchBytes());
    json.addProperty("network-bytes", plan.networkBytes());
    price.ifPresent(hour -> json.addProperty("cost", plan.cost(machines, hour)));
    json.addProperty("factor", factor());
    JsonArray runs = new JsonArray();
    measured.forEach((rows, seconds) -> {
      JsonObject run = new JsonObject();
      run.addProperty("n", rows);
      run.addProperty("measured-seconds", seconds);
      run.addProperty("model-seconds", secondsOf(rows));
      runs.add(run);
    });
    json.add("measured", runs);
    return json;
  }
}
