package dev.eigenseg.graph.plan;

import dev.eigenseg.api.BadInputException;
import dev.eigenseg.graph.GraphPart;
import dev.eigenseg.graph.exact.JoinPlan;
import dev.eigenseg.graph.ivf.IvfPlan;
import dev.eigenseg.graph.rows.RowRange;
import dev.eigenseg.graph.vector.VectorTiles;

/**
 * What one part of a search does on a machine.
 *
 * @param processorSeconds of all cores together
 * @param start of these, before there is anything to do in parallel
 * @param bankBytes that it reads of the bank, if nothing of it stays in memory
 * @param candidateBytes that it writes and reads of its candidates
 * @param scratchBytes of its candidates on the machine's own disk
 * @param resultBytes of its file
 * @param peakBytes of memory, without the JVM itself
 */
record PartWork(
    double processorSeconds,
    double start,
    double bankBytes,
    double candidateBytes,
    long scratchBytes,
    long resultBytes,
    long peakBytes) {
  /**
   * Looks at a part.
   *
   * @throws dev.eigenseg.api.BadInputException if its memory is too small
   */
  static PartWork of(PlannedGraph graph, Machines machines, CostModel model, GraphPart part) {
    return graph.exact()
        ? exact(graph, machines, model, part)
        : approximate(graph, machines, model, part.count());
  }

  private static PartWork exact(
      PlannedGraph graph, Machines machines, CostModel model, GraphPart part) {
    long rows = graph.rows();
    RowRange own = new RowRange(part.firstRow(rows), part.endRow(rows));
    long lists = rows - own.first();
    double pairs = own.count() * (lists - 0.5 * own.count());
    JoinPlan join = JoinPlan.of(graph.request(machines.cores()), own, new VectorTiles());
    double strips = Math.ceilDiv(own.count(), join.stripRows());
    // A strip of its own meets itself and all behind.
    double met = strips * (lists - 0.5 * (strips - 1) * join.stripRows());
    boolean kept = join.grid().strips() > 1;
    return new PartWork(
        model.exact(graph, lists, own.count(), pairs),
        model.start(),
        (rows + met) * graph.rowBytes(),
        kept ? 2 * met * graph.listBytes(1) : graph.listBytes(lists),
        Math.multiplyExact(kept ? 2 : 1, graph.listBytes(lists)),
        graph.listBytes(lists),
        join.bytes());
  }

  // A part has lists for all rows, wherever its own are.
  private static PartWork approximate(
      PlannedGraph graph, Machines machines, CostModel model, int parts) {
    IvfPlan plan = IvfPlan.of(graph.request(machines.cores()));
    if (plan.sortingBytes() > graph.memory()) {
      throw new BadInputException(
          "inverted lists of %,d rows of %d channels need at least %,d bytes of memory; allowed are %,d"
              .formatted(graph.rows(), graph.dim(), plan.sortingBytes(), graph.memory()));
    }
    return new PartWork(
        model.start() + model.joined(graph) / parts,
        model.start(),
        graph.bankBytes(),
        2.0 * graph.graphBytes(),
        2 * graph.graphBytes(),
        graph.graphBytes(),
        Math.min(graph.memory(), plan.bytes()));
  }

  /** Seconds on a machine that does nothing else and does not fail. */
  double seconds(Machines machines) {
    double computing = (processorSeconds - start) / machines.cores();
    // The bank is read ahead, candidates are waited for.
    return start
        + Math.max(computing, bankBytes / machines.sharedRate())
        + candidateBytes / machines.diskRate();
  }
}
