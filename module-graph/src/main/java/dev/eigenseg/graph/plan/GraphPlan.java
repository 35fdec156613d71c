package dev.eigenseg.graph.plan;

import dev.eigenseg.graph.GraphPart;
import java.util.Collections;
import java.util.List;
import java.util.function.ToDoubleFunction;
import java.util.stream.IntStream;

/**
 * What a graph costs. Numbers of bytes are those of files and of reading them whole; a page cache
 * saves some of the reading.
 *
 * @param processorSeconds of all parts and of joining them
 * @param searchSeconds until the last part is there, stragglers and failures expected
 * @param mergeSeconds of joining the parts
 * @param bankBytes of the features that are compared
 * @param graphBytes of the graph
 * @param listsBytes of the inverted lists of an approximate search, which are made before its parts
 * @param partBytes of all parts, which are there until they are joined
 * @param scratchBytes of a machine's own disk, for candidates
 * @param networkBytes between the machines and the shared disk
 * @param peakBytes of memory that a part takes, without the JVM itself
 */
public record GraphPlan(
    double processorSeconds,
    double searchSeconds,
    double mergeSeconds,
    long bankBytes,
    long graphBytes,
    long listsBytes,
    double partBytes,
    long scratchBytes,
    double networkBytes,
    long peakBytes) {
  // Norms, learning and ranking read all rows.
  private static final int PASSES_OF_LISTS = 3;

  /**
   * Plans.
   *
   * @throws IllegalArgumentException if there are more parts than rows
   * @throws dev.eigenseg.api.BadInputException if the memory is too small; the message says how
   *     much a part needs
   */
  public static GraphPlan of(PlannedGraph graph, Machines machines, CostModel model) {
    if (machines.parts() > graph.rows()) {
      throw new IllegalArgumentException(
          "%d parts of %d patches".formatted(machines.parts(), graph.rows()));
    }
    List<PartWork> parts = parts(graph, machines, model);
    boolean merged = machines.parts() > 1;
    double partBytes = merged ? sum(parts, PartWork::resultBytes) : 0;
    double mergeProcessor = partBytes / graph.listBytes(1) * graph.k() * model.merged();
    long listsBytes = graph.exact() ? 0 : graph.bankBytes();
    double listsProcessor = graph.exact() ? 0 : model.shared(graph);
    double listsRead = graph.exact() ? 0 : (double) PASSES_OF_LISTS * graph.bankBytes();
    double lists =
        Math.max(
            listsProcessor / machines.cores(), (listsRead + listsBytes) / machines.sharedRate());
    double transferred =
        sum(parts, PartWork::bankBytes)
            + graph.graphBytes()
            + 3 * partBytes
            + listsRead
            + listsBytes;
    return new GraphPlan(
        listsProcessor + sum(parts, PartWork::processorSeconds) + mergeProcessor,
        lists
            + search(
                parts.stream().mapToDouble(part -> part.seconds(machines)).toArray(), machines),
        merged ? merge(partBytes, graph.graphBytes(), mergeProcessor, machines) : 0,
        graph.bankBytes(),
        graph.graphBytes(),
        listsBytes,
        partBytes,
        parts.stream().mapToLong(PartWork::scratchBytes).max().orElseThrow(),
        machines.count() == 1 ? 0 : transferred,
        parts.stream().mapToLong(PartWork::peakBytes).max().orElseThrow());
  }

  static List<PartWork> parts(PlannedGraph graph, Machines machines, CostModel model) {
    int count = machines.parts();
    return graph.exact()
        ? IntStream.rangeClosed(1, count)
            .mapToObj(i -> PartWork.of(graph, machines, model, new GraphPart(i, count)))
            .toList()
        : Collections.nCopies(count, PartWork.of(graph, machines, model, new GraphPart(1, count)));
  }

  /** Joining reads all parts twice, for their checksums and for their lists, on one machine. */
  static double merge(double partBytes, double graphBytes, double processor, Machines machines) {
    double rate = machines.sharedRate();
    return Math.max(processor, 2 * partBytes / rate) + graphBytes / rate;
  }

  /**
   * When the last of some tasks ends, on average, if each machine takes the next one as soon as it
   * is free. Equal tasks end at times whose logarithms are normal; the last machine of many is
   * waited for.
   */
  static double search(double[] seconds, Machines machines) {
    double total = 0;
    double longest = 0;
    for (double task : seconds) {
      double expected = machines.withFailures(task);
      total += expected;
      longest = Math.max(longest, expected);
    }
    int last = Math.min(seconds.length, machines.count());
    double slowest = longest * Math.exp(machines.spread() * expectedMaximum(last));
    return seconds.length <= machines.count()
        ? slowest
        : total / machines.count() + slowest / 2 * (last - 1) / last;
  }

  /** Of so many standard normal numbers, roughly (Blom 1958, with Tukey's quantile). */
  private static double expectedMaximum(int count) {
    double p = (count - 0.375) / (count + 0.25);
    return count == 1 ? 0 : (Math.pow(p, 0.135) - Math.pow(1 - p, 0.135)) / 0.1975;
  }

  private static double sum(List<PartWork> parts, ToDoubleFunction<PartWork> of) {
    return parts.stream().mapToDouble(of).sum();
  }

  /** From the first part's start to the whole graph. */
  public double seconds() {
    return searchSeconds + mergeSeconds;
  }

  /** What all machines cost at a price for each and hour, of whatever currency. */
  public double cost(Machines machines, double price) {
    return price * machines.count() * searchSeconds / 3600 + price * mergeSeconds / 3600;
  }
}
