package dev.eigenseg.graph;

import dev.eigenseg.api.Progress;
import dev.eigenseg.api.Provenance;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Optional;

/**
 * What the file of a graph, or of a part of one, says of itself.
 *
 * @param rows all rows of the graph
 * @param k neighbours of each row
 * @param engine the name of the engine that searched
 * @param exact whether the neighbours are exact
 * @param recall the measured fraction of true neighbours, where the search was approximate
 * @param part which share of the work it is
 * @param provenance where it comes from
 */
public record KnnGraphInfo(
    long rows,
    int k,
    String engine,
    boolean exact,
    Optional<Recall> recall,
    GraphPart part,
    Provenance provenance) {

  /**
   * Reads header and end of a file, not its data.
   *
   * @throws dev.eigenseg.api.CorruptFileException if it is no such file, or damaged; the message
   *     says where
   */
  public static KnnGraphInfo read(Path path) throws IOException {
    try (KnnGraphFile file = KnnGraphFile.open(path)) {
      KnnGraphFile.Header header = file.header();
      return new KnnGraphInfo(
          header.rows(),
          header.k(),
          header.engine(),
          header.exact(),
          header.recall(),
          header.part(),
          file.provenance());
    }
  }

  /**
   * Compares a file's data with its checksums, and every id with the number of rows.
   *
   * @throws dev.eigenseg.api.CorruptFileException if a block was changed; the message names it
   */
  public static void verify(Path path, Progress progress) throws IOException {
    try (KnnGraphFile file = KnnGraphFile.open(path)) {
      file.verify(progress);
    }
  }
}
