package dev.eigenseg.graph;

import dev.eigenseg.api.BadInputException;
import dev.eigenseg.api.IncompatibleException;
import dev.eigenseg.api.Progress;
import dev.eigenseg.api.Provenance;
import dev.eigenseg.api.internal.resource.Closing;
import dev.eigenseg.graph.rows.Neighbor;
import dev.eigenseg.graph.rows.NeighborRows;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/** Owns the open parts of a graph and gives the best neighbours of all of them. */
final class PartsMerge implements NeighborRows, AutoCloseable {
  private final List<KnnGraphFile> parts;

  private PartsMerge(List<KnnGraphFile> parts) {
    this.parts = parts;
  }

  /**
   * Opens all parts of a graph.
   *
   * @throws BadInputException if one is missing, is there twice, or is no part
   * @throws IncompatibleException if they are of different graphs
   */
  static PartsMerge open(List<Path> paths) throws IOException {
    PartsMerge merge = new PartsMerge(new ArrayList<>());
    try {
      for (Path path : paths) {
        merge.parts.add(KnnGraphFile.open(path));
      }
      merge.requireAll();
      return merge;
    } catch (IOException | RuntimeException | Error e) {
      Closing.after(e, merge.parts);
      throw e;
    }
  }

  private void requireAll() {
    if (parts.isEmpty()) {
      throw new BadInputException("there are no parts to join; name all parts of a graph");
    }
    KnnGraphFile first = parts.getFirst();
    Map<Integer, KnnGraphFile> byNumber = new TreeMap<>();
    for (KnnGraphFile part : parts) {
      if (part.header().part().whole()) {
        throw new BadInputException(part.path() + " is a whole graph, not a part of one");
      }
      requireSame(first, part);
      KnnGraphFile other = byNumber.put(part.header().part().number(), part);
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

  private static void requireSame(KnnGraphFile first, KnnGraphFile other) {
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

  private static Map<String, String> identity(KnnGraphFile part) {
    Provenance provenance = part.provenance();
    Map<String, String> identity = new TreeMap<>(provenance.settings());
    identity.putAll(provenance.inputs());
    identity.put("version", provenance.versions().getOrDefault("eigenseg", "unknown"));
    identity.put("rows", Long.toString(part.header().rows()));
    identity.put("exact", Boolean.toString(part.header().exact()));
    identity.put("neighbors", Integer.toString(part.header().k()));
    identity.put("number of parts", Integer.toString(part.header().part().count()));
    return identity;
  }

  /** The whole graph's header; the recall of an approximate search is measured. */
  KnnGraphFile.Header header() throws IOException {
    KnnGraphFile.Header header = parts.getFirst().header();
    Optional<Recall> recall = header.recall();
    if (header.sample().isPresent()) {
      recall = Optional.of(header.sample().get().of(this, header.k()));
    }
    return new KnnGraphFile.Header(
        header.rows(), header.k(), header.engine(), header.exact(), recall);
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
  void verify(Progress progress) {
    parts.forEach(part -> part.verify(progress));
  }

  @Override
  public void read(long firstRow, int count, MemorySegment ids, MemorySegment similarities)
      throws IOException {
    int k = parts.getFirst().header().k();
    try (Arena memory = Arena.ofConfined()) {
      List<Lists> lists = new ArrayList<>();
      for (KnnGraphFile part : parts) {
        long skipped = Math.clamp(part.firstRow() - firstRow, 0, count);
        Lists own = Lists.allocate(memory, count, k);
        long bytes = skipped * k * Integer.BYTES;
        own.similarities.asSlice(0, bytes).fill((byte) -1); // these bits are a NaN
        part.read(
            firstRow + skipped,
            (int) (count - skipped),
            own.ids.asSlice(bytes),
            own.similarities.asSlice(bytes));
        lists.add(own);
      }
      for (int row = 0; row < count; row++) {
        merge(lists, row, k, ids, similarities);
      }
    }
  }

  /** Lists of some rows of one part. */
  private record Lists(MemorySegment ids, MemorySegment similarities) {
    static Lists allocate(Arena memory, int rows, int k) {
      long bytes = (long) rows * k * Integer.BYTES;
      return new Lists(memory.allocate(bytes, 64), memory.allocate(bytes, 64));
    }

    /** The neighbour at a place, or the least of all keys where there is none. */
    long key(long place) {
      float similarity = similarities.getAtIndex(ValueLayout.JAVA_FLOAT, place);
      int id = ids.getAtIndex(ValueLayout.JAVA_INT, place);
      return Float.isNaN(similarity)
          ? Long.MIN_VALUE
          : Neighbor.key(similarity, Integer.toUnsignedLong(id));
    }
  }

  /** Takes the best of the lists' heads, k times. */
  private static void merge(
      List<Lists> lists, int row, int k, MemorySegment ids, MemorySegment similarities) {
    int[] taken = new int[lists.size()];
    for (int i = 0; i < k; i++) {
      long best = Long.MIN_VALUE;
      int from = 0;
      for (int part = 0; part < taken.length; part++) {
        long head =
            taken[part] < k ? lists.get(part).key((long) row * k + taken[part]) : Long.MIN_VALUE;
        if (head > best) {
          best = head;
          from = part;
        }
      }
      taken[from]++;
      ids.setAtIndex(ValueLayout.JAVA_INT, (long) row * k + i, Neighbor.id(best));
      similarities.setAtIndex(
          ValueLayout.JAVA_FLOAT, (long) row * k + i, Neighbor.similarity(best));
    }
  }

  @Override
  public void close() {
    Closing.all(parts, KnnGraphFile::close);
  }
}
