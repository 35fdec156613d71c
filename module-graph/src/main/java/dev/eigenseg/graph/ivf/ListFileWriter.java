package dev.eigenseg.graph.ivf;

import dev.eigenseg.api.Progress;
import dev.eigenseg.api.internal.file.ChannelWrites;
import dev.eigenseg.api.internal.file.Hashes;
import dev.eigenseg.api.internal.kernel.Parallel;
import dev.eigenseg.api.internal.kernel.VectorMath;
import dev.eigenseg.graph.rows.PreparedRows;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.channels.FileChannel;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicLongArray;

/** Writes a {@link ListFile}: every row to its position, in one pass over the bank. */
final class ListFileWriter {
  private static final int READ_ROWS = 512;

  private final IvfPlan plan;
  private final ListFile.Header header;
  private final PreparedRows rows;
  private final RankedLists ranked;
  private final Progress progress;
  private final AtomicLongArray work;
  private final Queue<Long> doubtful = new ConcurrentLinkedQueue<>();

  /**
   * Plans.
   *
   * @param plan with the lists that were learned
   * @param lossless whether float16 holds all rows of the bank without loss
   * @param ranked the lists of all rows; borrowed, as all others
   */
  ListFileWriter(
      IvfPlan plan, boolean lossless, PreparedRows rows, RankedLists ranked, Progress progress) {
    this.plan = plan;
    this.header =
        new ListFile.Header(
            plan.rows(),
            plan.dim(),
            plan.k(),
            plan.lists(),
            ranked.probes(),
            plan.trainingRows(),
            plan.half(),
            plan.half() || lossless);
    this.rows = rows;
    this.ranked = ranked;
    this.progress = progress;
    this.work = new AtomicLongArray(plan.lists());
  }

  /** Bytes of a row in the file. */
  long recordBytes() {
    return header.recordBytes();
  }

  /**
   * Writes the file and forces it to disk.
   *
   * @param path replaced; of no use unless this returns
   * @param last as {@link ListFile.Meta} says
   */
  void write(Path path, float[] last, Map<String, String> settings) throws IOException {
    try (Arena memory = Arena.ofShared();
        FileChannel channel =
            FileChannel.open(
                path,
                StandardOpenOption.CREATE,
                StandardOpenOption.TRUNCATE_EXISTING,
                StandardOpenOption.READ,
                StandardOpenOption.WRITE,
                LinkOption.NOFOLLOW_LINKS)) {
      ListOrder order = new ListOrder(memory, ranked, plan.lists());
      try (Progress.Task task = progress.start("lists", plan.rows(), "patches")) {
        Parallel.forEach(
            plan.threads(),
            Math.ceilDiv(plan.rows(), READ_ROWS),
            block -> {
              progress.checkCancelled();
              task.advance(store(channel, order, block * READ_ROWS));
            });
      } catch (UncheckedIOException e) {
        throw e.getCause();
      }
      ListFile.Meta meta =
          new ListFile.Meta(order.listBegin(), workBefore(), last, incomplete(order), settings);
      MemorySegment end = ListFile.bytes(meta);
      write(channel, order.ids(), ListFile.HEADER_BYTES);
      write(channel, end, header.meta());
      write(channel, ListFile.bytes(header, end, Hashes.crc32c(order.ids())), 0);
      channel.force(true);
    }
  }

  private static void write(FileChannel channel, MemorySegment bytes, long offset)
      throws IOException {
    long piece = 1 << 20;
    for (long at = 0; at < bytes.byteSize(); at += piece) {
      MemorySegment part = bytes.asSlice(at, Math.min(piece, bytes.byteSize() - at));
      ChannelWrites.all(channel, part.asByteBuffer(), offset + at);
    }
  }

  private long store(FileChannel channel, ListOrder order, long first) {
    int count = (int) Math.min(READ_ROWS, plan.rows() - first);
    try (Arena memory = Arena.ofConfined()) {
      MemorySegment dense = memory.allocate(count * plan.rowBytes(), 64);
      MemorySegment lists = memory.allocate(ValueLayout.JAVA_INT, (long) count * header.probes());
      MemorySegment record = memory.allocate(header.recordBytes(), 64);
      if (header.halfRecords()) {
        rows.readRaw(first, count, dense);
      } else {
        rows.read(first, count, dense);
      }
      ranked.copy(first, count, lists);
      for (int i = 0; i < count; i++) {
        fill(record, first + i, lists.asSlice(listBytes() * i, listBytes()));
        fillRow(record, first + i, dense, i * plan.rowBytes());
        record.set(ValueLayout.JAVA_INT, ListFile.Header.CRC, ListFile.checksum(record));
        ChannelWrites.all(
            channel,
            record.asByteBuffer(),
            header.records() + order.position(first + i) * header.recordBytes());
        count(first + i, lists.asSlice(listBytes() * i, listBytes()), order);
      }
      return count;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private long listBytes() {
    return (long) header.probes() * Integer.BYTES;
  }

  private void fill(MemorySegment record, long row, MemorySegment lists) {
    record.set(ValueLayout.JAVA_INT, ListFile.Header.ID, (int) row);
    record.set(ValueLayout.JAVA_FLOAT, ListFile.Header.INVERSE_NORM, rows.inverseNorm(row));
    MemorySegment.copy(lists, 0, record, ListFile.Header.LISTS, listBytes());
  }

  private void fillRow(MemorySegment record, long row, MemorySegment dense, long offset) {
    if (header.halfRecords()) {
      if (plan.half()) {
        InvertedLists.requireHalf(plan, row, dense, offset);
      }
      VectorMath.best().f32ToF16(dense, offset, record, header.rowOffset(), plan.dim());
    } else {
      MemorySegment.copy(dense, offset, record, header.rowOffset(), plan.rowBytes());
    }
  }

  /** Counts a row's products, and the others that it meets in the lists that it looks into. */
  private void count(long row, MemorySegment lists, ListOrder order) {
    int own = lists.getAtIndex(ValueLayout.JAVA_INT, 0);
    long met = -1; // itself
    for (int place = 0; place < header.probes(); place++) {
      int list = lists.getAtIndex(ValueLayout.JAVA_INT, place);
      work.getAndAdd(Math.min(own, list), order.rows(list));
      met += order.rows(list);
    }
    if (met < plan.k()) {
      doubtful.add(row);
    }
  }

  private long[] workBefore() {
    long[] before = new long[plan.lists() + 1];
    for (int list = 0; list < plan.lists(); list++) {
      before[list + 1] = before[list] + work.get(list);
    }
    return before;
  }

  // ---- rows that meet too few

  /** A row that might meet too few others. */
  private static final class Doubt {
    private final long row;
    private final int[] lists;
    private long met;

    Doubt(long row, int[] lists, long met) {
      this.row = row;
      this.lists = lists;
      this.met = met;
    }

    boolean looksInto(int list) {
      return Arrays.stream(lists).anyMatch(other -> other == list);
    }
  }

  /**
   * Counts for the doubtful rows also those that look into their lists, but not they into theirs.
   */
  private long[] incomplete(ListOrder order) {
    Map<Integer, List<Doubt>> byList = doubts(order);
    if (byList.isEmpty()) {
      return new long[0];
    }
    try (Arena memory = Arena.ofConfined()) {
      MemorySegment lists =
          memory.allocate(ValueLayout.JAVA_INT, (long) READ_ROWS * header.probes());
      for (long first = 0; first < plan.rows(); first += READ_ROWS) {
        progress.checkCancelled();
        int count = (int) Math.min(READ_ROWS, plan.rows() - first);
        ranked.copy(first, count, lists);
        for (int i = 0; i < count; i++) {
          meet(lists.asSlice(listBytes() * i, listBytes()), byList);
        }
      }
    }
    return byList.values().stream()
        .flatMap(List::stream)
        .filter(doubt -> doubt.met < plan.k())
        .mapToLong(doubt -> doubt.row)
        .sorted()
        .toArray();
  }

  private Map<Integer, List<Doubt>> doubts(ListOrder order) {
    Map<Integer, List<Doubt>> byList = new TreeMap<>();
    try (Arena memory = Arena.ofConfined()) {
      MemorySegment lists = memory.allocate(ValueLayout.JAVA_INT, header.probes());
      for (long row : doubtful) {
        ranked.copy(row, 1, lists);
        int[] own = lists.toArray(ValueLayout.JAVA_INT);
        long met = Arrays.stream(own).mapToLong(order::rows).sum() - 1;
        byList.computeIfAbsent(own[0], list -> new ArrayList<>()).add(new Doubt(row, own, met));
      }
    }
    return byList;
  }

  private void meet(MemorySegment lists, Map<Integer, List<Doubt>> byList) {
    int own = lists.getAtIndex(ValueLayout.JAVA_INT, 0);
    for (int place = 1; place < header.probes(); place++) {
      int list = lists.getAtIndex(ValueLayout.JAVA_INT, place);
      for (Doubt doubt : byList.getOrDefault(list, List.of())) {
        doubt.met += doubt.looksInto(own) ? 0 : 1;
      }
    }
  }
}
