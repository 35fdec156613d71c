package dev.eigenseg.graph;

import dev.eigenseg.api.spi.KnnIndex;
import java.util.OptionalInt;

/**
 * How a bank's graph is searched.
 *
 * @param neighbors a patch; if left open, {@link BankGraph#neighborsFor} for a graph that is built,
 *     and whatever number one has that is there
 * @param engine an engine's name, which never falls back to another, or {@code "auto"}
 * @param index how neighbours are looked for
 * @param device {@code "cpu"} or {@code "cuda:0"}
 * @param memory bytes that the search may take, heap and off-heap together
 * @param seed for the provenance
 * @param threads worker threads; the graph does not depend on it
 */
public record GraphOptions(
    OptionalInt neighbors,
    String engine,
    KnnIndex index,
    String device,
    long memory,
    long seed,
    int threads) {
  /** An exact search on all processors in 2 GiB, with the engine that is best here. */
  public static final GraphOptions DEFAULT =
      new GraphOptions(
          OptionalInt.empty(),
          "auto",
          KnnIndex.EXACT,
          "cpu",
          2L << 30,
          0,
          Runtime.getRuntime().availableProcessors());

  /** The same with another number of {@link #neighbors}. */
  public GraphOptions withNeighbors(int value) {
    return withNeighbors(OptionalInt.of(value));
  }

  /** The same with {@link #neighbors}, or with their number left open. */
  public GraphOptions withNeighbors(OptionalInt value) {
    return new GraphOptions(value, engine, index, device, memory, seed, threads);
  }

  /** The same with another {@link #engine}. */
  public GraphOptions withEngine(String value) {
    return new GraphOptions(neighbors, value, index, device, memory, seed, threads);
  }

  /** The same with another {@link #index}. */
  public GraphOptions withIndex(KnnIndex value) {
    return new GraphOptions(neighbors, engine, value, device, memory, seed, threads);
  }

  /** The same on another {@link #device}. */
  public GraphOptions withDevice(String value) {
    return new GraphOptions(neighbors, engine, index, value, memory, seed, threads);
  }

  /** The same with other {@link #memory}. */
  public GraphOptions withMemory(long bytes) {
    return new GraphOptions(neighbors, engine, index, device, bytes, seed, threads);
  }

  /** The same with another {@link #seed}. */
  public GraphOptions withSeed(long value) {
    return new GraphOptions(neighbors, engine, index, device, memory, value, threads);
  }

  /** The same with other {@link #threads}. */
  public GraphOptions withThreads(int value) {
    return new GraphOptions(neighbors, engine, index, device, memory, seed, value);
  }
}
