package dev.eigenseg.graph;

import dev.eigenseg.api.BadInputException;
import dev.eigenseg.api.CorruptFileException;
import dev.eigenseg.api.IncompatibleException;
import dev.eigenseg.api.Progress;
import dev.eigenseg.api.Provenance;
import dev.eigenseg.graph.rows.Neighbor;
import dev.eigenseg.graph.rows.NeighborRows;
import dev.eigenseg.graph.rows.QuerySample;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/**
 * Owns the best neighbours in all parts of a graph, of a window of rows at a time. However many
 * parts there are, one file is open at a time, and the memory is two windows. Lists that are read
 * in order are read once.
 */
final class PartsMerge implements NeighborRows, AutoCloseable {
  // A part is opened once for a window: reading it takes some ten times as long.
  private static final long WINDOW_BYTES = 32 << 20;
  private static final long NONE = Long.MIN_VALUE;

  private final List<Part> parts;
  private final Arena arena = Arena.ofShared();
  private final int k;
  private final long windowRows;

  // Keys of the best neighbours of the window's rows, and a part's lists of them.
  private final MemorySegment best;
  private final MemorySegment ids;
  private final MemorySegment similarities;
  private final long[] scratch;
  private long first;
  private long end;

  /** A part's file, and what it said when it was opened first. */
  private record Part(Path path, KnnGraphFile.Header header, Provenance provenance) {
    static Part of(Path path) throws IOException {
      try (KnnGraphFile file = KnnGraphFile.open(path)) {
        return new Part(path, file.header(), file.provenance());
      }
    }

    @SuppressWarnings("MustBeClosedChecker")
    KnnGraphFile open() throws IOException {
      KnnGraphFile file = KnnGraphFile.open(path);
      Part again = new Part(path, file.header(), file.provenance());
      if (again.header.part().equals(header.part()) && identity(again).equals(identity(this))) {
        return file;
      }
      file.close();
      throw new CorruptFileException(path + " was replaced while it was joined; join again");
    }
  }

  private PartsMerge(List<Part> parts, long windowBytes) {
    this.parts = parts;
    KnnGraphFile.Header header = parts.getFirst().header();
    this.k = header.k();
    this.windowRows = Math.clamp(windowBytes / (2L * k * Integer.BYTES), 1, header.rows());
    this.scratch = new long[k];
    try {
      this.best = arena.allocate(ValueLayout.JAVA_LONG, windowRows * k);
      this.ids = arena.allocate(ValueLayout.JAVA_INT, windowRows * k);
      this.similarities = arena.allocate(ValueLayout.JAVA_FLOAT, windowRows * k);
    } catch (RuntimeException | Error e) {
      arena.close();
      throw e;
    }
  }

  /**
   * Looks at all parts of a graph.
   *
   * @throws BadInputException if one is missing, is there twice, or is no part
   * @throws IncompatibleException if they are of different graphs
   */
  static PartsMerge open(List<Path> paths) throws IOException {
    return open(paths, WINDOW_BYTES);
  }

  /** Likewise, with windows of so many bytes. */
  static PartsMerge open(List<Path> paths, long windowBytes) throws IOException {
    List<Part> parts = new ArrayList<>();
    for (Path path : paths) {
      parts.add(Part.of(path));
    }
    requireAll(parts);
    return new PartsMerge(parts, windowBytes);
  }

  private static void requireAll(List<Part> parts) {
    if (parts.isEmpty()) {
      throw new BadInputException("there are no parts to join; name all parts of a graph");
    }
    Part first = parts.getFirst();
    Map<Integer, Part> byNumber = new TreeMap<>();
    for (Part part : parts) {
      if (part.header().part().whole()) {
        throw new BadInputException(part.path() + " is a whole graph, not a part of one");
      }
      requireSame(first, part);
      Part other = byNumber.put(part.header().part().number(), part);
      if (other != null) {
        throw new BadInputException(
            "%s and %s are both part %s; leave one of them out"
                .formatted(other.path(), part.path(), part.header().part()));
      }
    }
    int count = first.header().part().count();
    List<Integer> missing =
        IntStream.rangeClosed(1, count).filter(i -> !byNumber.containsKey(i)).boxed().toList();
    if (!missing.isEmpty()) {
      throw new BadInputException(
          "of the %d parts these are missing: %s; compute them with --part, or name their files"
              .formatted(
                  count,
                  missing.stream().map(i -> i + "/" + count).collect(Collectors.joining(", "))));
    }
  }

  private static void requireSame(Part first, Part other) {
    Map<String, String> expected = identity(first);
    Map<String, String> found = identity(other);
    for (Map.Entry<String, String> entry : expected.entrySet()) {
      String value = found.getOrDefault(entry.getKey(), "absent");
      if (!value.equals(entry.getValue())) {
        throw new IncompatibleException(
            "%s and %s are parts of different graphs: %s is %s and %s; join parts of one bank with the same settings"
                .formatted(first.path(), other.path(), entry.getKey(), entry.getValue(), value));
      }
    }
  }

  private static Map<String, String> identity(Part part) {
    Provenance provenance = part.provenance();
    Map<String, String> identity = new TreeMap<>(provenance.settings());
    identity.putAll(provenance.inputs());
    identity.put("version", provenance.versions().getOrDefault("eigenseg", "unknown"));
    identity.put("exact", Boolean.toString(part.header().exact()));
    identity.put("rows", Long.toString(part.header().rows()));
    identity.put("neighbors", Integer.toString(part.header().k()));
    identity.put("number of parts", Integer.toString(part.header().part().count()));
    return identity;
  }

  /** The whole graph's header; the recall of an approximate search is measured. */
  KnnGraphFile.Header header() throws IOException {
    KnnGraphFile.Header header = parts.getFirst().header();
    Optional<Recall> recall = header.recall();
    if (header.sample().isPresent()) {
      recall =
          Optional.of(header.sample().get().of(few(QuerySample.of(header.rows()).heldBack()), k));
    }
    return new KnnGraphFile.Header(
        header.rows(), header.k(), header.engine(), header.exact(), recall);
  }

  /** The lists of a few rows, for which each part is opened once. */
  private NeighborRows few(long[] rows) throws IOException {
    long[] keys = new long[Math.multiplyExact(rows.length, k)];
    Arrays.fill(keys, NONE);
    MemorySegment lists = MemorySegment.ofArray(keys);
    for (Part part : parts) {
      try (KnnGraphFile file = part.open()) {
        for (int i = 0; i < rows.length; i++) {
          if (rows[i] >= part.header().firstRow()) {
            file.read(rows[i], 1, ids, similarities);
            merge(lists, i, 0);
          }
        }
      }
    }
    Map<Long, Integer> places = new TreeMap<>();
    for (int i = 0; i < rows.length; i++) {
      places.put(rows[i], i);
    }
    return (firstRow, count, someIds, someSimilarities) -> {
      for (int row = 0; row < count; row++) {
        write(lists, places.get(firstRow + row), someIds, someSimilarities, row);
      }
    };
  }

  /** Part 1's, which is that of a single run on its machine. */
  Provenance provenance() {
    return parts.stream()
        .filter(part -> part.header().part().number() == 1)
        .findFirst()
        .orElseThrow()
        .provenance();
  }

  /** Compares all parts with their checksums. */
  void verify(Progress progress) throws IOException {
    for (Part part : parts) {
      try (KnnGraphFile file = part.open()) {
        file.verify(progress);
      }
    }
  }

  @Override
  public synchronized void read(
      long firstRow, int count, MemorySegment ids, MemorySegment similarities) throws IOException {
    for (long row = firstRow; row < firstRow + count; row++) {
      if (row < first || row >= end) {
        fill(row);
      }
      write(best, row - first, ids, similarities, row - firstRow);
    }
  }

  /** Writes the list at a place of keys. */
  private void write(
      MemorySegment keys, long list, MemorySegment ids, MemorySegment similarities, long row) {
    for (int i = 0; i < k; i++) {
      long key = keys.getAtIndex(ValueLayout.JAVA_LONG, list * k + i);
      boolean none = key == NONE;
      ids.setAtIndex(ValueLayout.JAVA_INT, row * k + i, none ? -1 : Neighbor.id(key));
      similarities.setAtIndex(
          ValueLayout.JAVA_FLOAT, row * k + i, none ? Float.NaN : Neighbor.similarity(key));
    }
  }

  /** Takes the best of all parts for the rows from one on. */
  private void fill(long row) throws IOException {
    first = row;
    end = Math.min(row + windowRows, parts.getFirst().header().rows());
    for (long i = 0; i < windowRows * k; i++) {
      best.setAtIndex(ValueLayout.JAVA_LONG, i, NONE);
    }
    for (Part part : parts) {
      long begin = Math.max(first, part.header().firstRow());
      if (begin < end) {
        try (KnnGraphFile file = part.open()) {
          file.read(begin, (int) (end - begin), ids, similarities);
        }
        for (long list = 0; list < end - begin; list++) {
          merge(best, begin - first + list, list);
        }
      }
    }
  }

  /** Merges a list that was read into one of keys. */
  private void merge(MemorySegment keys, long row, long list) {
    if (key(list * k) <= keys.getAtIndex(ValueLayout.JAVA_LONG, (row + 1) * k - 1)) {
      return; // its best is no better than the worst that is there
    }
    int old = 0;
    int fresh = 0;
    for (int i = 0; i < k; i++) {
      long mine = keys.getAtIndex(ValueLayout.JAVA_LONG, row * k + old);
      long its = key(list * k + fresh);
      if (its > mine) {
        fresh++;
      } else {
        old++;
      }
      scratch[i] = Math.max(mine, its);
    }
    MemorySegment.copy(scratch, 0, keys, ValueLayout.JAVA_LONG, row * k * Long.BYTES, k);
  }

  /** The neighbour at a place of what was read, or the least of all keys where there is none. */
  private long key(long place) {
    float similarity = similarities.getAtIndex(ValueLayout.JAVA_FLOAT, place);
    return Float.isNaN(similarity)
        ? NONE
        : Neighbor.key(
            similarity, Integer.toUnsignedLong(ids.getAtIndex(ValueLayout.JAVA_INT, place)));
  }

  @Override
  public synchronized void close() {
    if (arena.scope().isAlive()) {
      arena.close();
    }
  }
}
