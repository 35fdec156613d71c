/**
 * The nearest-neighbour graph of a bank: its file, how it is built, and the engines that search.
 *
 * <p>A {@link dev.eigenseg.graph.BankGraph} is a bank with the {@link
 * dev.eigenseg.graph.GraphOptions} of a graph over it: how many neighbours, by which engine, exact
 * or through an index. It opens the graph that is there if it is the one that is wanted, and builds
 * it otherwise; large banks can be divided into {@linkplain dev.eigenseg.graph.GraphPart parts}
 * that several machines search. {@link dev.eigenseg.graph.KnnEngines} chooses the engine: the
 * user's choice, then the fastest that is available. What comes out is a {@link
 * dev.eigenseg.graph.KnnGraph}: for each patch its most similar ones over the whole collection, by
 * the cosine of their high features, and what {@link dev.eigenseg.graph.Recall} an index had.
 *
 * <p>From here {@code dev.eigenseg.graph.kernel} makes the kernel whose eigenfunctions are learned,
 * {@code dev.eigenseg.graph.spectral} its exact eigenvectors, and {@code dev.eigenseg.graph.kmeans}
 * clusters of the same rows.
 */
package dev.eigenseg.graph;
