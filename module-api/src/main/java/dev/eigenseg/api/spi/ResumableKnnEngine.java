package dev.eigenseg.api.spi;

import dev.eigenseg.api.Progress;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;

/**
 * An engine whose searches can be divided among machines, are kept when they are stopped, and go on
 * where they were. Nothing of the size of the result need be in memory.
 */
public interface ResumableKnnEngine extends KnnEngine {
  /** Whether it keeps searches with such an index; others are as {@link KnnEngine} says. */
  boolean resumes(KnnIndex.Kind kind);

  /**
   * Searches among the pairs of rows whose first is in a range and whose second is not before the
   * range. An approximate search takes as large a share of its own pairs: ranges that follow each
   * other without gaps, from the first row to the last, have each pair once. Goes on where an
   * earlier search for the same was stopped.
   *
   * @param request what to search, with an index that the engine {@link #resumes}
   * @param firstRow where the range begins
   * @param endRow behind its last row
   * @param place where the search is kept until its result is written
   * @return the neighbours of all rows from the first on, or of all rows if the search is
   *     approximate; the caller owns it
   * @throws dev.eigenseg.api.IncompatibleException if the unfinished search there is another; the
   *     message names what differs
   * @throws dev.eigenseg.api.BadInputException if another search works there, the memory is too
   *     small, or a row is not finite
   * @throws dev.eigenseg.api.CancelledException if the user wants the work to stop
   */
  KeptSearch search(Request request, long firstRow, long endRow, Place place, Progress progress)
      throws IOException;

  /**
   * Makes the index that all searches of a place share, unless it is there.
   *
   * @throws dev.eigenseg.api.IncompatibleException if another index is there; the message names
   *     what differs
   */
  void prepare(Request request, SharedIndex index, Progress progress) throws IOException;

  /** Deletes what an unfinished search for a target has left, whatever it was. */
  void discard(Path target) throws IOException;

  /**
   * Where an unfinished search is kept, and what it must be a search for.
   *
   * @param target the file that is made at last; what is kept lies beside it
   * @param settings what the result depends on, by name
   * @param restart whether an unfinished search for something else is thrown away; otherwise it is
   *     an error
   * @param index what an approximate search shares with others; otherwise it makes its own, which
   *     is deleted when the target is made
   */
  record Place(
      Path target, Map<String, String> settings, boolean restart, Optional<SharedIndex> index) {
    /** Copies the settings. */
    public Place {
      settings = Map.copyOf(settings);
    }

    /** A place of a search that shares nothing. */
    public Place(Path target, Map<String, String> settings, boolean restart) {
      this(target, settings, restart, Optional.empty());
    }
  }

  /**
   * An index in a file, made once and read by many searches.
   *
   * @param file appears whole or not at all
   * @param settings what it depends on, by name
   */
  record SharedIndex(Path file, Map<String, String> settings) {
    /** Copies the settings. */
    public SharedIndex {
      settings = Map.copyOf(settings);
    }
  }

  /** Owns the finished search beside its target. */
  interface KeptSearch extends AutoCloseable {
    /**
     * Copies neighbours, k a row by falling similarity, ties by lower id. A row that has fewer is
     * filled up with id -1 and similarity NaN. Thread-safe.
     *
     * @param ids receives {@code count * k} ids in native order
     * @param similarities receives as many floats
     */
    void read(long firstRow, int count, MemorySegment ids, MemorySegment similarities)
        throws IOException;

    /** The request's index with the numbers that were used. */
    KnnIndex index();

    /**
     * By what the recall of an approximate search is measured: the similarity of the last of the
     * true neighbours of each row of a random sample, which is the same for every search among as
     * many rows; empty for an exact one.
     */
    float[] lastSimilarities();

    /** Closes it and deletes what is kept: the target is made. */
    void delete() throws IOException;

    /** Keeps it for a later search, if there is anything to keep. */
    @Override
    void close() throws IOException;
  }
}
