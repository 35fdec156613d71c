package dev.eigenseg.graph.plan;

import dev.eigenseg.graph.ivf.IvfPlan;
import dev.eigenseg.graph.rows.Candidates;
import dev.eigenseg.graph.rows.QuerySample;
import java.util.Map;

/**
 * Processor seconds of the steps of a search.
 *
 * @param start of a process, its compiler included
 * @param product of a multiply-add of the exact search
 * @param candidate of a score that is good enough to be kept for a while
 * @param listProduct of a multiply-add between lists, with gathering rows and keeping candidates
 * @param merged of a neighbour that a part brings into the merged graph
 */
public record CostModel(
    double start, double product, double candidate, double listProduct, double merged) {
  /**
   * Fitted to measured runs with 384 channels and 64 neighbours, one thread on two busy cores of an
   * AMD Zen 4 (docs/scale.md says which and how far others are off).
   */
  public static final CostModel DEFAULT = new CostModel(8.6, 1.92e-11, 50e-9, 7.4e-11, 11e-9);

  /** The same on a processor that takes so many times as long. */
  public CostModel times(double factor) {
    return new CostModel(
        factor * start,
        factor * product,
        factor * candidate,
        factor * listProduct,
        factor * merged);
  }

  /**
   * How many times as long as here measured runs took, the geometric mean.
   *
   * @param graph what was searched but for the number of rows
   * @param measured processor seconds of whole runs by their rows
   */
  public double factor(PlannedGraph graph, Map<Long, Double> measured) {
    double logarithms = 0;
    for (Map.Entry<Long, Double> run : measured.entrySet()) {
      logarithms += Math.log(run.getValue() / seconds(graph.withRows(run.getKey())));
    }
    return Math.exp(logarithms / measured.size());
  }

  /** Processor seconds of a whole graph in one process. */
  public double seconds(PlannedGraph graph) {
    return graph.exact()
        ? exact(graph, graph.rows(), graph.rows(), 0.5 * graph.rows() * graph.rows())
        : start + shared(graph) + joined(graph);
  }

  /**
   * Processor seconds of an exact search.
   *
   * @param lists rows for which it keeps candidates
   * @param seen rows that most of them are compared with
   * @param pairs that are compared
   */
  double exact(PlannedGraph graph, long lists, long seen, double pairs) {
    return start
        + product * graph.dim() * pairs
        + candidate * lists * Math.min(seen, Candidates.expected(graph.k(), seen));
  }

  /** Of an approximate search, what is done before its parts: learning lists and ranking them. */
  double shared(PlannedGraph graph) {
    IvfPlan plan = plan(graph);
    return listProduct * (plan.multiplyAdds() - plan.joinMultiplyAdds());
  }

  /** Of an approximate search, what parts divide: joining lists, and the measured recall. */
  double joined(PlannedGraph graph) {
    return listProduct * plan(graph).joinMultiplyAdds()
        + product * QuerySample.ROWS * graph.rows() * graph.dim();
  }

  /** Work does not depend on the memory, whether it is enough or not. */
  private static IvfPlan plan(PlannedGraph graph) {
    return IvfPlan.of(graph.withMemory(Long.MAX_VALUE).request(1));
  }
}
