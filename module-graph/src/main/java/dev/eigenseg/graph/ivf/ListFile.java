package dev.eigenseg.graph.ivf;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParseException;
import com.google.gson.JsonParser;
import dev.eigenseg.api.CorruptFileException;
import dev.eigenseg.api.internal.file.Hashes;
import dev.eigenseg.api.internal.file.RegularFile;
import dev.eigenseg.api.internal.kernel.Parallel;
import dev.eigenseg.api.internal.resource.Closing;
import dev.eigenseg.api.spi.KnnIndex;
import dev.eigenseg.graph.rows.QuerySample;
import dev.eigenseg.graph.rows.RowRange;
import dev.eigenseg.graph.strips.SearchSettings;
import java.io.EOFException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.stream.IntStream;
import java.util.zip.CRC32C;

/**
 * Owns a file of inverted lists, open for reading: all rows sorted by list, each with the lists
 * that it looks into. All parts of a search may read the same file. Numbers are in the order of the
 * machine that wrote it, which is checked. Thread-safe.
 *
 * <pre>
 * 4096 bytes   magic, version, byte order, rows, channels, k, lists, probes, training rows, whether the index is
 *              float16, whether records are, bytes and CRC32C of the last part, CRC32C of the ids; CRC32C of these
 * 4 rows       ids by position
 * records      by position: CRC32C of what follows, id, inverse norm, lists, row
 * ...          first positions of lists, work before each, similarities of last true neighbours, rows that meet too
 *              few others, settings in JSON
 * </pre>
 */
final class ListFile implements AutoCloseable {
  static final long MAGIC =
      ByteBuffer.wrap("EIGSIVF1".getBytes(StandardCharsets.US_ASCII)).getLong();
  static final int VERSION = 1;
  static final int BYTE_ORDER_MARK = 0x01020304;
  static final int HEADER_BYTES = 4096;
  private static final long PIECE = 1 << 20;

  /**
   * What the rows are.
   *
   * @param trainingRows from which the lists were learned
   * @param half whether the index keeps float16
   * @param halfRecords whether rows are stored as float16 that is not divided by their norms yet
   */
  record Header(
      long rows,
      int dim,
      int k,
      int lists,
      int probes,
      long trainingRows,
      boolean half,
      boolean halfRecords) {
    static final int CRC = 0;
    static final int ID = 4;
    static final int INVERSE_NORM = 8;
    static final int LISTS = 12;

    /** Whether a file of so many bytes can have it, so that sizes can be computed. */
    boolean possible(long bytes) {
      return rows >= 2
          && rows <= bytes / Integer.BYTES
          && dim >= 1
          && k >= 1
          && k < rows
          && trainingRows >= 1
          && lists >= 1
          && lists <= rows
          && probes >= 1
          && probes <= lists
          && (long) probes * Integer.BYTES + dim <= bytes / rows;
    }

    /** Bytes of the last part without its lists. */
    long leastMetaBytes() {
      return 2L * Long.BYTES * (lists + 1L) + 2L * Integer.BYTES;
    }

    /** Where a record's row begins. */
    int rowOffset() {
      return LISTS + probes * Integer.BYTES;
    }

    long recordBytes() {
      long row = (long) dim * (halfRecords ? Short.BYTES : Float.BYTES);
      return rowOffset() + (row + 3) / 4 * 4;
    }

    long records() {
      return (HEADER_BYTES + Math.multiplyExact(rows, Integer.BYTES) + 63) / 64 * 64;
    }

    /** Where the last part begins. */
    long meta() {
      return Math.addExact(records(), Math.multiplyExact(rows, recordBytes()));
    }
  }

  /**
   * The last part.
   *
   * @param listBegin the first position of every list, and behind the last
   * @param workBefore products of the lists before, if a pair of lists counts for the lower one
   * @param last similarities by which recall is measured, see {@code HeldBackRows}
   * @param incomplete ids of the rows that meet fewer than k others, rising
   * @param settings what the file was made of
   */
  @SuppressWarnings("ArrayRecordComponent") // never compared
  record Meta(
      long[] listBegin,
      long[] workBefore,
      float[] last,
      long[] incomplete,
      Map<String, String> settings) {}

  private final Path path;
  private final FileChannel channel;
  private final Header header;
  private final Meta meta;
  private final int idsCrc;

  private ListFile(Path path, FileChannel channel, Header header, Meta meta, int idsCrc) {
    this.path = path;
    this.channel = channel;
    this.header = header;
    this.meta = meta;
    this.idsCrc = idsCrc;
  }

  /**
   * Opens.
   *
   * @throws CorruptFileException if it is no such file, or damaged
   */
  @SuppressWarnings("MustBeClosedChecker")
  static ListFile open(Path path) throws IOException {
    FileChannel channel = RegularFile.channel(path);
    try {
      MemorySegment head = MemorySegment.ofArray(new byte[HEADER_BYTES]);
      read(path, channel, head, 0);
      if (head.get(ValueLayout.JAVA_LONG_UNALIGNED, 0) != MAGIC
          || head.get(ValueLayout.JAVA_INT_UNALIGNED, 8) != VERSION
          || head.get(ValueLayout.JAVA_INT_UNALIGNED, 12) != BYTE_ORDER_MARK) {
        throw corrupt(path, "it does not begin like inverted lists (EIGSIVF1) of this version");
      }
      requireCrc(
          path,
          "the header",
          head.asSlice(0, HEADER_BYTES - 4),
          head.get(ValueLayout.JAVA_INT_UNALIGNED, HEADER_BYTES - 4));
      Header header = header(head);
      long metaBytes = head.get(ValueLayout.JAVA_LONG_UNALIGNED, 72);
      if (!header.possible(channel.size())
          || metaBytes < header.leastMetaBytes()
          || metaBytes > Integer.MAX_VALUE) {
        throw corrupt(path, "its header has impossible numbers: %s".formatted(header));
      }
      if (channel.size() != header.meta() + metaBytes) {
        throw corrupt(
            path,
            "it has %d bytes, expected %d".formatted(channel.size(), header.meta() + metaBytes));
      }
      MemorySegment bytes = MemorySegment.ofArray(new byte[Math.toIntExact(metaBytes)]);
      read(path, channel, bytes, header.meta());
      requireCrc(path, "its last part", bytes, head.get(ValueLayout.JAVA_INT_UNALIGNED, 80));
      int idsCrc = head.get(ValueLayout.JAVA_INT_UNALIGNED, 84);
      return new ListFile(path, channel, header, meta(path, header, bytes), idsCrc);
    } catch (IOException | RuntimeException | Error e) {
      Closing.after(e, channel);
      throw e;
    }
  }

  private static Header header(MemorySegment head) {
    return new Header(
        head.get(ValueLayout.JAVA_LONG_UNALIGNED, 16),
        head.get(ValueLayout.JAVA_INT_UNALIGNED, 24),
        head.get(ValueLayout.JAVA_INT_UNALIGNED, 28),
        head.get(ValueLayout.JAVA_INT_UNALIGNED, 32),
        head.get(ValueLayout.JAVA_INT_UNALIGNED, 36),
        head.get(ValueLayout.JAVA_LONG_UNALIGNED, 40),
        head.get(ValueLayout.JAVA_INT_UNALIGNED, 48) == 1,
        head.get(ValueLayout.JAVA_INT_UNALIGNED, 52) == 1);
  }

  /** The first bytes of a file. */
  static MemorySegment bytes(Header header, MemorySegment meta, int idsCrc) {
    MemorySegment head = MemorySegment.ofArray(new byte[HEADER_BYTES]);
    head.set(ValueLayout.JAVA_LONG_UNALIGNED, 0, MAGIC);
    head.set(ValueLayout.JAVA_INT_UNALIGNED, 8, VERSION);
    head.set(ValueLayout.JAVA_INT_UNALIGNED, 12, BYTE_ORDER_MARK);
    head.set(ValueLayout.JAVA_LONG_UNALIGNED, 16, header.rows());
    head.set(ValueLayout.JAVA_INT_UNALIGNED, 24, header.dim());
    head.set(ValueLayout.JAVA_INT_UNALIGNED, 28, header.k());
    head.set(ValueLayout.JAVA_INT_UNALIGNED, 32, header.lists());
    head.set(ValueLayout.JAVA_INT_UNALIGNED, 36, header.probes());
    head.set(ValueLayout.JAVA_LONG_UNALIGNED, 40, header.trainingRows());
    head.set(ValueLayout.JAVA_INT_UNALIGNED, 48, header.half() ? 1 : 0);
    head.set(ValueLayout.JAVA_INT_UNALIGNED, 52, header.halfRecords() ? 1 : 0);
    head.set(ValueLayout.JAVA_LONG_UNALIGNED, 72, meta.byteSize());
    head.set(ValueLayout.JAVA_INT_UNALIGNED, 80, Hashes.crc32c(meta));
    head.set(ValueLayout.JAVA_INT_UNALIGNED, 84, idsCrc);
    head.set(
        ValueLayout.JAVA_INT_UNALIGNED,
        HEADER_BYTES - 4,
        Hashes.crc32c(head.asSlice(0, HEADER_BYTES - 4)));
    return head;
  }

  /** The last part as bytes. */
  static MemorySegment bytes(Meta meta) {
    JsonObject json = new JsonObject();
    new TreeMap<>(meta.settings()).forEach(json::addProperty);
    byte[] text = json.toString().getBytes(StandardCharsets.UTF_8);
    int lists = meta.listBegin().length;
    ByteBuffer bytes =
        ByteBuffer.allocate(
                Math.toIntExact(
                    16L * lists
                        + 8
                        + 4L * meta.last().length
                        + 8L * meta.incomplete().length
                        + text.length))
            .order(ByteOrder.nativeOrder());
    for (long value : meta.listBegin()) {
      bytes.putLong(value);
    }
    for (long value : meta.workBefore()) {
      bytes.putLong(value);
    }
    bytes.putInt(meta.last().length).putInt(meta.incomplete().length);
    for (float value : meta.last()) {
      bytes.putFloat(value);
    }
    for (long value : meta.incomplete()) {
      bytes.putLong(value);
    }
    bytes.put(text);
    return MemorySegment.ofBuffer(bytes.flip());
  }

  private static Meta meta(Path path, Header header, MemorySegment segment) {
    try {
      Meta meta = meta(path, header, segment.asByteBuffer().order(ByteOrder.nativeOrder()));
      if (meta.listBegin()[0] != 0
          || meta.listBegin()[header.lists()] != header.rows()
          || meta.workBefore()[0] != 0
          || !rising(meta.listBegin())
          || !rising(meta.workBefore())
          || !rising(meta.incomplete())
          || meta.last().length != QuerySample.of(header.rows()).heldBack().length
          || Arrays.stream(meta.incomplete()).anyMatch(row -> row < 0 || row >= header.rows())) {
        throw corrupt(path, "its lists do not follow each other");
      }
      return meta;
    } catch (JsonParseException | IllegalStateException | UnsupportedOperationException e) {
      throw new CorruptFileException(corrupt(path, "its settings are no JSON").getMessage(), e);
    }
  }

  private static boolean rising(long[] values) {
    return IntStream.range(1, values.length).allMatch(i -> values[i] >= values[i - 1]);
  }

  private static Meta meta(Path path, Header header, ByteBuffer bytes) {
    long[] listBegin = longs(bytes, header.lists() + 1);
    long[] workBefore = longs(bytes, header.lists() + 1);
    int measured = bytes.getInt();
    int incomplete = bytes.getInt();
    if (measured < 0
        || incomplete < 0
        || (long) measured * Float.BYTES + (long) incomplete * Long.BYTES > bytes.remaining()) {
      throw corrupt(
          path,
          "%d similarities and %d rows in %d bytes"
              .formatted(measured, incomplete, bytes.remaining()));
    }
    float[] last = new float[measured];
    for (int i = 0; i < last.length; i++) {
      last[i] = bytes.getFloat();
    }
    long[] rows = longs(bytes, incomplete);
    byte[] text = new byte[bytes.remaining()];
    bytes.get(text);
    Map<String, String> settings = new TreeMap<>();
    JsonObject json =
        JsonParser.parseString(new String(text, StandardCharsets.UTF_8)).getAsJsonObject();
    for (Map.Entry<String, JsonElement> entry : json.entrySet()) {
      settings.put(entry.getKey(), entry.getValue().getAsString());
    }
    return new Meta(listBegin, workBefore, last, rows, settings);
  }

  private static long[] longs(ByteBuffer bytes, int count) {
    long[] values = new long[count];
    for (int i = 0; i < count; i++) {
      values[i] = bytes.getLong();
    }
    return values;
  }

  Header header() {
    return header;
  }

  Meta meta() {
    return meta;
  }

  /** The index with the numbers that were used. */
  KnnIndex index() {
    return KnnIndex.ivf(header.lists(), header.probes(), header.trainingRows(), header.half());
  }

  /** In what the search that the lists are of differs from another, for a message. */
  Optional<String> difference(Map<String, String> others) {
    return SearchSettings.difference(meta.settings(), others);
  }

  /**
   * The positions that a part takes in place of a range of rows: as much of all products as that
   * range has of all pairs of rows.
   */
  RowRange share(long firstRow, long endRow) {
    return new RowRange(boundary(firstRow), boundary(endRow));
  }

  private long boundary(long row) {
    if (row == 0 || row == header.rows()) {
      return row;
    }
    long[] work = meta.workBefore();
    double left = 1 - (double) row / header.rows();
    double wanted = (1 - left * left) * work[work.length - 1];
    int found = Arrays.binarySearch(work, (long) wanted);
    int list = Math.min(found >= 0 ? found : -found - 2, work.length - 2);
    double share = (wanted - work[list]) / Math.max(1, work[list + 1] - work[list]);
    long rows = meta.listBegin()[list + 1] - meta.listBegin()[list];
    return meta.listBegin()[list] + (long) (Math.clamp(share, 0, 1) * rows);
  }

  /** Reads the ids of all rows in the order of positions, unsigned ints. */
  void readIds(MemorySegment target) throws IOException {
    for (long at = 0; at < target.byteSize(); at += PIECE) {
      MemorySegment piece = target.asSlice(at, Math.min(PIECE, target.byteSize() - at));
      read(path, channel, piece, HEADER_BYTES + at);
    }
    requireCrc(path, "the ids", target, idsCrc);
  }

  /**
   * Reads the rows at some positions, for the caller to close.
   *
   * @param threads that read; with one, the rows are for the calling thread alone
   */
  StripRows read(RowRange range, int threads) {
    StripRows rows = new StripRows(header, range, threads);
    try {
      int most = (int) Math.max(1, PIECE / header.recordBytes());
      Parallel.forEach(
          threads,
          Math.ceilDiv(range.count(), most),
          piece -> {
            long first = piece * most;
            long count = Math.min(most, range.count() - first);
            readPiece(range.first() + first, rows.records(first, count));
          });
      return rows;
    } catch (RuntimeException | Error e) {
      rows.close();
      throw e;
    }
  }

  private void readPiece(long position, MemorySegment records) {
    long bytes = header.recordBytes();
    try {
      read(path, channel, records, header.records() + position * bytes);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    // One buffer and one sum for all: what a slice for each leaves behind would fill the heap.
    ByteBuffer all = records.asByteBuffer();
    CRC32C crc = new CRC32C();
    for (long at = 0; at < records.byteSize(); at += bytes) {
      crc.reset();
      crc.update(all.limit((int) (at + bytes)).position((int) at + Header.ID));
      if (records.get(ValueLayout.JAVA_INT, at + Header.CRC) != (int) crc.getValue()) {
        throw corrupt(path, "the row at position %d is damaged".formatted(position + at / bytes));
      }
    }
  }

  /** The checksum of a record, which begins with its place. */
  static int checksum(MemorySegment record) {
    return Hashes.crc32c(record.asSlice(Header.ID));
  }

  private static void read(Path path, FileChannel channel, MemorySegment bytes, long offset)
      throws IOException {
    try {
      ScratchFile.readFully(channel, bytes, offset);
    } catch (EOFException e) {
      throw new CorruptFileException(corrupt(path, e.getMessage()).getMessage(), e);
    }
  }

  private static void requireCrc(Path path, String what, MemorySegment bytes, int expected) {
    int found = Hashes.crc32c(bytes);
    if (found != expected) {
      throw corrupt(path, "%s has CRC32C %08x, expected %08x".formatted(what, found, expected));
    }
  }

  private static CorruptFileException corrupt(Path path, String what) {
    return new CorruptFileException("%s: %s; delete it, then search again".formatted(path, what));
  }

  @Override
  public void close() throws IOException {
    channel.close();
  }
}
