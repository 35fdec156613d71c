package dev.eigenseg.graph;

import dev.eigenseg.api.BadInputException;
import dev.eigenseg.api.Progress;
import dev.eigenseg.api.Provenance;
import dev.eigenseg.api.UnavailableException;
import dev.eigenseg.api.spi.KnnEngine;
import dev.eigenseg.api.spi.KnnIndex;
import dev.eigenseg.api.tensor.DType;
import dev.eigenseg.api.tensor.Tensor;
import dev.eigenseg.graph.rows.HeldBackRows;
import dev.eigenseg.graph.rows.NeighborRows;
import dev.eigenseg.graph.rows.PreparedRows;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * Owns the k most similar rows of every row of a feature matrix: 8 bytes an edge outside the heap,
 * or the mapping of a file. Thread-safe.
 */
public final class KnnGraph implements AutoCloseable {
  private final KnnGraphFile.Header header;
  private final Tensor ids;
  private final Tensor similarities;
  private final Optional<KnnGraphFile> file;
  private final Optional<KnnIndex> index;
  private final AtomicBoolean closed = new AtomicBoolean();

  private KnnGraph(
      KnnGraphFile.Header header,
      Tensor ids,
      Tensor similarities,
      Optional<KnnGraphFile> file,
      Optional<KnnIndex> index) {
    this.header = header;
    this.ids = ids;
    this.similarities = similarities;
    this.file = file;
    this.index = index;
  }

  /**
   * Searches with an engine; an approximate search is followed by a measurement of its recall on
   * random rows.
   *
   * @throws IllegalArgumentException if k is not at least 1 and less than the number of rows, or
   *     there is no thread
   * @throws UnavailableException if the engine cannot search here, or not on that device
   * @throws dev.eigenseg.api.BadInputException if a row is not finite, or the memory is too small
   * @throws dev.eigenseg.api.CancelledException if the user wants the work to stop
   */
  public static KnnGraph build(KnnEngine engine, KnnEngine.Request request, Progress progress)
      throws IOException {
    require(engine, request);
    long rows = request.features().rows();
    Tensor ids = Tensor.allocate(DType.I32, rows, request.k());
    try {
      Tensor similarities = Tensor.allocate(DType.F32, rows, request.k());
      try {
        KnnIndex index = engine.search(request, ids, similarities, progress);
        boolean exact = request.index().kind() == KnnIndex.Kind.EXACT;
        Optional<Recall> recall =
            exact ? Optional.empty() : Optional.of(measure(request, ids, similarities, progress));
        KnnGraphFile.Header header =
            new KnnGraphFile.Header(rows, request.k(), engine.name(), exact, recall);
        return new KnnGraph(header, ids, similarities, Optional.empty(), Optional.of(index));
      } catch (IOException | RuntimeException | Error e) {
        similarities.close();
        throw e;
      }
    } catch (IOException | RuntimeException | Error e) {
      ids.close();
      throw e;
    }
  }

  static void require(KnnEngine engine, KnnEngine.Request request) {
    request.check();
    Optional<String> refusal = KnnEngines.refusal(engine, request.device());
    if (refusal.isPresent()) {
      throw new UnavailableException("engine %s: %s".formatted(engine.name(), refusal.get()));
    }
  }

  private static Recall measure(
      KnnEngine.Request request, Tensor ids, Tensor similarities, Progress progress)
      throws IOException {
    try (PreparedRows rows =
        PreparedRows.measure(request.features(), true, request.threads(), progress)) {
      float[] last = HeldBackRows.lastSimilarities(rows, request.k(), request.threads(), progress);
      return new RecallSample(rows.rows(), last)
          .of(NeighborRows.of(ids, similarities), request.k());
    }
  }

  /**
   * Maps a file that {@link #write} wrote; its header, lengths and footer are checked, its data
   * only by {@link #verify}.
   *
   * @throws dev.eigenseg.api.CorruptFileException if it is no such file, or damaged; the message
   *     says where
   * @throws BadInputException if it is a part of a graph
   */
  public static KnnGraph open(Path path) throws IOException {
    KnnGraphFile file = KnnGraphFile.open(path);
    GraphPart part = file.header().part();
    if (!part.whole()) {
      file.close();
      throw new BadInputException(
          "%s is part %s of a graph; join all parts with 'eigenseg graph merge'"
              .formatted(path, part));
    }
    return new KnnGraph(
        file.header(), file.ids(), file.similarities(), Optional.of(file), Optional.empty());
  }

  /**
   * Writes the graph; the file appears whole or not at all. Equal graphs give equal bytes before
   * the last block, which holds the provenance.
   */
  public void write(Path target, Provenance provenance) throws IOException {
    NeighborRows lists = NeighborRows.of(ids(), similarities());
    KnnGraphFile.write(target, header, lists, provenance, Progress.NONE);
  }

  /**
   * Joins all parts that {@link KnnGraphBuilder} made into the file that it would have made at
   * once, with the provenance of part 1. Parts are compared with their checksums first.
   *
   * @param parts the files in any order
   * @param target the graph, which appears whole or not at all
   * @throws BadInputException if a part is missing, is there twice, or is none
   * @throws dev.eigenseg.api.IncompatibleException if parts are of different graphs
   * @throws dev.eigenseg.api.CorruptFileException if a part is damaged
   */
  public static void merge(List<Path> parts, Path target, Progress progress) throws IOException {
    try (PartsMerge merge = PartsMerge.open(parts)) {
      merge.verify(progress);
      KnnGraphFile.write(target, merge.header(), merge, merge.provenance(), progress);
    }
  }

  /** The number of rows. */
  public long rows() {
    return header.rows();
  }

  /** Neighbours of each row. */
  public int k() {
    return header.k();
  }

  /** The name of the engine that searched. */
  public String engine() {
    return header.engine();
  }

  /** Whether the neighbours are exact. */
  public boolean exact() {
    return header.exact();
  }

  /** How it was searched, with the numbers that were used, if it was just built. */
  public Optional<KnnIndex> index() {
    return index;
  }

  /** The measured fraction of true neighbours, where the search was approximate. */
  public Optional<Recall> recall() {
    return header.recall();
  }

  /** Where the graph comes from, if it was read from a file. */
  public Optional<Provenance> provenance() {
    return file.map(KnnGraphFile::provenance);
  }

  /**
   * The neighbours' ids, i32 (unsigned), {@code [rows, k]}, by falling similarity, ties by lower
   * id; borrowed.
   */
  public Tensor ids() {
    requireOpen();
    return ids;
  }

  /** The neighbours' cosine similarities, float32, {@code [rows, k]}; borrowed. */
  public Tensor similarities() {
    requireOpen();
    return similarities;
  }

  /**
   * Compares the data of a file with its checksums, and every id with the number of rows; a graph
   * in memory has nothing to compare.
   *
   * @throws dev.eigenseg.api.CorruptFileException if a block was changed; the message names it
   */
  public void verify(Progress progress) {
    requireOpen();
    file.ifPresent(f -> f.verify(progress));
  }

  private void requireOpen() {
    if (closed.get()) {
      throw new IllegalStateException(this + " is closed");
    }
  }

  @Override
  public void close() {
    if (!closed.compareAndSet(false, true)) {
      return;
    }
    try (ids;
        similarities) {
      file.ifPresent(KnnGraphFile::close);
    }
  }

  @Override
  public String toString() {
    return "neighbour graph of %d rows, k = %d".formatted(rows(), k());
  }
}
