package dev.eigenseg.graph;

import com.google.gson.JsonObject;
import com.google.gson.JsonParseException;
import com.google.gson.JsonParser;
import dev.eigenseg.api.CorruptFileException;
import dev.eigenseg.api.Progress;
import dev.eigenseg.api.Provenance;
import dev.eigenseg.api.internal.file.AtomicFile;
import dev.eigenseg.api.internal.file.ChannelWrites;
import dev.eigenseg.api.internal.file.Hashes;
import dev.eigenseg.api.internal.file.RegularFile;
import dev.eigenseg.api.internal.resource.Closing;
import dev.eigenseg.api.tensor.DType;
import dev.eigenseg.api.tensor.Tensor;
import dev.eigenseg.graph.rows.NeighborRows;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Optional;
import java.util.zip.CRC32C;

/**
 * Owns the mapping of a {@code graph.knn} file, or of a part of a graph, whose rows begin at the
 * first of its share and whose lists are filled up as {@link NeighborRows} says. Little-endian:
 *
 * <pre>
 * 4096 bytes   magic, version, byte order, rows, k, exactness, recall, engine, the recall's margin,
 *              number and count of a part, of an approximate one from 1024 on the sample by which recall
 *              is measured (int32 count, float32 each); CRC32C of these in the last four
 * 4 rows k     ids, zeros up to a multiple of 64
 * 4 rows k     similarities
 * 4 blocks     CRC32C of every 16 MiB of the ids, then of the similarities
 * ...          provenance, JSON in UTF-8
 * 64 bytes     length of the provenance, of the file, CRC32C of the checksums and of the provenance, magic, CRC32C of these
 * </pre>
 */
final class KnnGraphFile implements NeighborRows, AutoCloseable {
  private static final long MAGIC = magic("EIGSKNN1");
  private static final long PART_MAGIC = magic("EIGSPRT1");
  private static final long FOOTER_MAGIC = magic("1NNKSGIE");
  private static final int VERSION = 1;
  private static final int BYTE_ORDER_MARK = 0x01020304;
  private static final int HEADER_BYTES = 4096;
  private static final int FOOTER_BYTES = 64;
  private static final int ENGINE_OFFSET = 52;
  private static final int LONGEST_ENGINE = 256;
  private static final int MARGIN_OFFSET = 320;
  private static final int PART_OFFSET = 328;
  private static final int SAMPLE_OFFSET = 1024;
  private static final long BLOCK = 16 << 20;
  private static final long CHUNK = 1 << 20;
  private static final long NO_NEIGHBOR = 0xFFFFFFFFL;
  private static final ValueLayout.OfInt INT =
      ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  private static final ValueLayout.OfLong LONG =
      ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

  /**
   * What a graph is.
   *
   * @param rows all rows of the graph, also if this is a part
   * @param recall the measured recall of an approximate search, if it was measured
   * @param part which share of the work the lists are from
   * @param sample by which the recall is measured when the parts of an approximate search are
   *     joined
   */
  record Header(
      long rows,
      int k,
      String engine,
      boolean exact,
      Optional<Recall> recall,
      GraphPart part,
      Optional<RecallSample> sample) {
    /** A whole graph's. */
    Header(long rows, int k, String engine, boolean exact, Optional<Recall> recall) {
      this(rows, k, engine, exact, recall, GraphPart.WHOLE, Optional.empty());
    }

    /** The first row that has a list: parts of an approximate search have them all. */
    long firstRow() {
      long first = part.firstRow(rows);
      return exact ? first : 0;
    }

    /** Rows that have a list. */
    long lists() {
      return rows - firstRow();
    }
  }

  /** Where the parts of a file lie; all sums are exact. */
  private record Layout(long dataBytes) {
    static Layout of(Header header) {
      return new Layout(
          Math.multiplyExact(Math.multiplyExact(header.lists(), header.k()), Integer.BYTES));
    }

    long similarities() {
      return Math.addExact(HEADER_BYTES, Math.addExact(dataBytes, 63) / 64 * 64);
    }

    long checksums() {
      return Math.addExact(similarities(), dataBytes);
    }

    long blocks() {
      return (dataBytes + BLOCK - 1) / BLOCK;
    }

    long provenance() {
      return Math.addExact(checksums(), 2 * blocks() * Integer.BYTES);
    }
  }

  private final Path path;
  private final FileChannel channel;
  private final Arena arena;
  private final MemorySegment mapping;
  private final Header header;
  private final Layout layout;
  private final Provenance provenance;

  private KnnGraphFile(
      Path path,
      FileChannel channel,
      Arena arena,
      MemorySegment mapping,
      Header header,
      Layout layout,
      Provenance provenance) {
    this.path = path;
    this.channel = channel;
    this.arena = arena;
    this.mapping = mapping;
    this.header = header;
    this.layout = layout;
    this.provenance = provenance;
  }

  // ---- writing

  /** Writes lists, which are read once and in order, through small buffers. */
  static void write(
      Path target, Header header, NeighborRows lists, Provenance provenance, Progress progress)
      throws IOException {
    Layout layout = Layout.of(header);
    byte[] json = provenance.toJson().toString().getBytes(StandardCharsets.UTF_8);
    AtomicFile.write(
        target,
        channel -> {
          writeFully(channel, headerBytes(header), 0);
          MemorySegment checksums = writeLists(channel, header, layout, lists, progress);
          writeFully(channel, checksums, layout.checksums());
          writeFully(channel, MemorySegment.ofArray(json), layout.provenance());
          writeFully(
              channel, footerBytes(layout, checksums, json), layout.provenance() + json.length);
        });
  }

  /** Returns the checksums of all blocks. */
  private static MemorySegment writeLists(
      FileChannel channel, Header header, Layout layout, NeighborRows lists, Progress progress)
      throws IOException {
    MemorySegment checksums =
        MemorySegment.ofArray(new byte[Math.toIntExact(2 * layout.blocks() * Integer.BYTES)]);
    BlockWriter ids = new BlockWriter(channel, HEADER_BYTES, checksums, 0);
    BlockWriter similarities =
        new BlockWriter(channel, layout.similarities(), checksums, layout.blocks());
    long rowBytes = (long) header.k() * Integer.BYTES;
    int most = (int) Math.clamp(CHUNK / rowBytes, 1, header.lists());
    try (Arena memory = Arena.ofConfined();
        Progress.Task task = progress.start("write", header.lists(), "patches")) {
      MemorySegment idBuffer = memory.allocate(most * rowBytes, 64);
      MemorySegment similarityBuffer = memory.allocate(most * rowBytes, 64);
      for (long row = header.firstRow(); row < header.rows(); row += most) {
        progress.checkCancelled();
        int count = (int) Math.min(most, header.rows() - row);
        lists.read(row, count, idBuffer, similarityBuffer);
        ids.write(idBuffer.asSlice(0, count * rowBytes));
        similarities.write(similarityBuffer.asSlice(0, count * rowBytes));
        task.advance(count);
      }
    }
    ids.finish();
    similarities.finish();
    return checksums;
  }

  /** Writes one kind of data from a place on, and the checksums of its blocks. */
  private static final class BlockWriter {
    private final FileChannel channel;
    private final MemorySegment checksums;
    private final CRC32C crc = new CRC32C();
    private long offset;
    private long block;
    private long left = BLOCK;

    BlockWriter(FileChannel channel, long offset, MemorySegment checksums, long firstBlock) {
      this.channel = channel;
      this.offset = offset;
      this.checksums = checksums;
      this.block = firstBlock;
    }

    void write(MemorySegment bytes) throws IOException {
      writeFully(channel, bytes, offset);
      offset += bytes.byteSize();
      for (long begin = 0; begin < bytes.byteSize(); ) {
        long count = Math.min(left, bytes.byteSize() - begin);
        crc.update(bytes.asSlice(begin, count).asByteBuffer());
        begin += count;
        left -= count;
        if (left == 0) {
          finish();
        }
      }
    }

    /** Ends a block, unless it is empty. */
    void finish() {
      if (left < BLOCK) {
        checksums.set(INT, block++ * Integer.BYTES, (int) crc.getValue());
        crc.reset();
        left = BLOCK;
      }
    }
  }

  private static MemorySegment headerBytes(Header header) {
    MemorySegment bytes = MemorySegment.ofArray(new byte[HEADER_BYTES]);
    byte[] engine = header.engine().getBytes(StandardCharsets.UTF_8);
    if (engine.length > LONGEST_ENGINE) {
      throw new IllegalArgumentException("an engine's name of " + engine.length + " bytes");
    }
    bytes.set(LONG, 0, header.part().whole() ? MAGIC : PART_MAGIC);
    if (!header.part().whole()) {
      bytes.set(INT, PART_OFFSET, header.part().number());
      bytes.set(INT, PART_OFFSET + 4, header.part().count());
    }
    bytes.set(INT, 8, VERSION);
    bytes.set(INT, 12, BYTE_ORDER_MARK);
    bytes.set(LONG, 16, header.rows());
    bytes.set(LONG, 24, header.k());
    bytes.set(LONG, 32, header.exact() ? 1 : 0);
    double recall = header.recall().map(Recall::fraction).orElse(Double.NaN);
    bytes.set(LONG, 40, Double.doubleToLongBits(recall));
    double margin = header.recall().map(Recall::margin).orElse(0.0);
    bytes.set(LONG, MARGIN_OFFSET, Double.doubleToLongBits(margin));
    header.sample().ifPresent(sample -> writeSample(sample, bytes));
    bytes.set(INT, 48, engine.length);
    MemorySegment.copy(engine, 0, bytes, ValueLayout.JAVA_BYTE, ENGINE_OFFSET, engine.length);
    bytes.set(INT, HEADER_BYTES - 4, Hashes.crc32c(bytes.asSlice(0, HEADER_BYTES - 4)));
    return bytes;
  }

  private static void writeSample(RecallSample sample, MemorySegment header) {
    float[] last = sample.lastSimilarities();
    header.set(INT, SAMPLE_OFFSET, last.length);
    for (int i = 0; i < last.length; i++) {
      int offset = SAMPLE_OFFSET + (i + 1) * Float.BYTES;
      header.set(INT, offset, Float.floatToRawIntBits(last[i]));
    }
  }

  private static Optional<RecallSample> readSample(Path path, MemorySegment header, long rows) {
    int count = header.get(INT, SAMPLE_OFFSET);
    if (count == 0) {
      return Optional.empty();
    }
    if (count != RecallSample.size(rows)) {
      throw corrupt(
          path, "a sample of %d rows, expected %d".formatted(count, RecallSample.size(rows)));
    }
    float[] last = new float[count];
    for (int i = 0; i < count; i++) {
      last[i] = Float.intBitsToFloat(header.get(INT, SAMPLE_OFFSET + (i + 1) * Float.BYTES));
    }
    return Optional.of(new RecallSample(rows, last));
  }

  private static MemorySegment footerBytes(Layout layout, MemorySegment checksums, byte[] json) {
    MemorySegment bytes = MemorySegment.ofArray(new byte[FOOTER_BYTES]);
    bytes.set(LONG, 0, json.length);
    bytes.set(LONG, 8, layout.provenance() + json.length + FOOTER_BYTES);
    bytes.set(INT, 16, Hashes.crc32c(checksums));
    bytes.set(INT, 20, Hashes.crc32c(MemorySegment.ofArray(json)));
    bytes.set(LONG, 24, FOOTER_MAGIC);
    bytes.set(INT, FOOTER_BYTES - 4, Hashes.crc32c(bytes.asSlice(0, FOOTER_BYTES - 4)));
    return bytes;
  }

  private static void writeFully(FileChannel channel, MemorySegment bytes, long offset)
      throws IOException {
    ChannelWrites.all(channel, bytes.asByteBuffer(), offset);
  }

  // ---- reading

  static KnnGraphFile open(Path path) throws IOException {
    FileChannel channel = RegularFile.channel(path);
    try {
      return map(path, channel);
    } catch (IOException | RuntimeException | Error e) {
      Closing.after(e, channel);
      throw e;
    }
  }

  @SuppressWarnings("MustBeClosedChecker")
  private static KnnGraphFile map(Path path, FileChannel channel) throws IOException {
    Arena arena = Arena.ofShared();
    try {
      long size = channel.size();
      if (size < HEADER_BYTES + FOOTER_BYTES) {
        throw corrupt(path, "%d bytes are too few for a neighbour graph".formatted(size));
      }
      MemorySegment mapping = channel.map(FileChannel.MapMode.READ_ONLY, 0, size, arena);
      Header header = readHeader(path, mapping);
      Layout layout = layoutWithin(path, header, size);
      Provenance provenance = readEnd(path, mapping, layout);
      return new KnnGraphFile(path, channel, arena, mapping, header, layout, provenance);
    } catch (IOException | RuntimeException | Error e) {
      arena.close();
      throw e;
    }
  }

  private static Header readHeader(Path path, MemorySegment mapping) {
    boolean whole = mapping.get(LONG, 0) == MAGIC;
    if (!whole && mapping.get(LONG, 0) != PART_MAGIC) {
      throw corrupt(path, "it does not begin like a neighbour graph (EIGSKNN1)");
    }
    if (mapping.get(INT, 8) != VERSION || mapping.get(INT, 12) != BYTE_ORDER_MARK) {
      throw corrupt(
          path,
          "version %d, byte order %08x; this program reads version %d, byte order %08x"
              .formatted(mapping.get(INT, 8), mapping.get(INT, 12), VERSION, BYTE_ORDER_MARK));
    }
    requireChecksum(
        path,
        "the header",
        mapping.asSlice(0, HEADER_BYTES - 4),
        mapping.get(INT, HEADER_BYTES - 4));
    long rows = mapping.get(LONG, 16);
    long k = mapping.get(LONG, 24);
    int engineBytes = mapping.get(INT, 48);
    if (rows < 2 || rows >= 1L << 32 || k < 1 || k >= rows || k > Integer.MAX_VALUE) {
      throw corrupt(path, "%d rows with %d neighbours".formatted(rows, k));
    }
    if (engineBytes < 0 || engineBytes > LONGEST_ENGINE) {
      throw corrupt(path, "an engine's name of %d bytes".formatted(engineBytes));
    }
    double recall = Double.longBitsToDouble(mapping.get(LONG, 40));
    return new Header(
        rows,
        (int) k,
        engine(path, mapping.asSlice(ENGINE_OFFSET, engineBytes)),
        mapping.get(LONG, 32) == 1,
        Double.isNaN(recall)
            ? Optional.empty()
            : Optional.of(
                new Recall(recall, Double.longBitsToDouble(mapping.get(LONG, MARGIN_OFFSET)))),
        whole ? GraphPart.WHOLE : readPart(path, mapping, rows),
        whole ? Optional.empty() : readSample(path, mapping, rows));
  }

  private static String engine(Path path, MemorySegment name) {
    byte[] bytes = name.toArray(ValueLayout.JAVA_BYTE);
    try {
      return StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes)).toString();
    } catch (CharacterCodingException e) {
      throw corrupt(path, "an engine's name that is not UTF-8");
    }
  }

  private static GraphPart readPart(Path path, MemorySegment mapping, long rows) {
    int number = mapping.get(INT, PART_OFFSET);
    int count = mapping.get(INT, PART_OFFSET + 4);
    if (number < 1 || count < 2 || number > count || count > rows) {
      throw corrupt(path, "part %d of %d, of %d rows".formatted(number, count, rows));
    }
    return new GraphPart(number, count);
  }

  private static Layout layoutWithin(Path path, Header header, long size) {
    try {
      Layout layout = Layout.of(header);
      if (Math.addExact(layout.provenance(), FOOTER_BYTES) <= size) {
        return layout;
      }
    } catch (ArithmeticException e) {
      throw corrupt(path, "%s cannot be in a file of %d bytes".formatted(header, size), e);
    }
    throw corrupt(
        path,
        "it ends at byte %d, too early for %d rows with %d neighbours"
            .formatted(size, header.rows(), header.k()));
  }

  private static Provenance readEnd(Path path, MemorySegment mapping, Layout layout) {
    long size = mapping.byteSize();
    MemorySegment footer = mapping.asSlice(size - FOOTER_BYTES);
    if (footer.get(LONG, 24) != FOOTER_MAGIC) {
      throw corrupt(path, "its end is missing");
    }
    requireChecksum(
        path, "the footer", footer.asSlice(0, FOOTER_BYTES - 4), footer.get(INT, FOOTER_BYTES - 4));
    long jsonBytes = size - FOOTER_BYTES - layout.provenance();
    if (footer.get(LONG, 8) != size || footer.get(LONG, 0) != jsonBytes) {
      throw corrupt(
          path, "it has %d bytes, its footer says %d".formatted(size, footer.get(LONG, 8)));
    }
    requireChecksum(
        path,
        "the checksums",
        mapping.asSlice(layout.checksums(), layout.provenance() - layout.checksums()),
        footer.get(INT, 16));
    MemorySegment json = mapping.asSlice(layout.provenance(), jsonBytes);
    requireChecksum(path, "the provenance", json, footer.get(INT, 20));
    try {
      JsonObject object =
          JsonParser.parseString(
                  new String(json.toArray(ValueLayout.JAVA_BYTE), StandardCharsets.UTF_8))
              .getAsJsonObject();
      return Provenance.fromJson(object);
    } catch (JsonParseException | IllegalStateException e) {
      throw corrupt(path, "the provenance is not a JSON object", e);
    }
  }

  Header header() {
    return header;
  }

  Provenance provenance() {
    return provenance;
  }

  Tensor ids() {
    return Tensor.borrow(
        mapping.asSlice(HEADER_BYTES, layout.dataBytes()), DType.I32, header.rows(), header.k());
  }

  Tensor similarities() {
    return Tensor.borrow(
        mapping.asSlice(layout.similarities(), layout.dataBytes()),
        DType.F32,
        header.rows(),
        header.k());
  }

  Path path() {
    return path;
  }

  /** The first row that has a list. */
  long firstRow() {
    return header.firstRow();
  }

  // Through the channel, as a mapping that is read once from end to end would count as resident.
  @Override
  public void read(long firstRow, int count, MemorySegment ids, MemorySegment similarities)
      throws IOException {
    long rowBytes = (long) header.k() * Integer.BYTES;
    long begin = (firstRow - header.firstRow()) * rowBytes;
    readFully(HEADER_BYTES + begin, ids.asSlice(0, count * rowBytes));
    readFully(layout.similarities() + begin, similarities.asSlice(0, count * rowBytes));
  }

  private void readFully(long offset, MemorySegment target) throws IOException {
    ByteBuffer bytes = target.asByteBuffer();
    while (bytes.hasRemaining()) {
      if (channel.read(bytes, offset + bytes.position()) < 0) {
        throw corrupt(path, "it ends at byte %d by now".formatted(channel.size()));
      }
    }
  }

  void verify(Progress progress) {
    try (Progress.Task task = progress.start("verify", 2 * layout.blocks(), "blocks");
        Arena memory = Arena.ofConfined()) {
      MemorySegment buffer = memory.allocate(Math.min(BLOCK, layout.dataBytes()), 64);
      for (long block = 0; block < 2 * layout.blocks(); block++) {
        progress.checkCancelled();
        verify(block, buffer);
        task.advance(1);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** The blocks of the ids, then those of the similarities. */
  private void verify(long block, MemorySegment buffer) throws IOException {
    boolean ids = block < layout.blocks();
    long offset = block % layout.blocks() * BLOCK;
    MemorySegment part = buffer.asSlice(0, Math.min(BLOCK, layout.dataBytes() - offset));
    long place = (ids ? HEADER_BYTES : layout.similarities()) + offset;
    readFully(place, part);
    requireChecksum(
        path,
        "the block of %s at byte %d".formatted(ids ? "ids" : "similarities", place),
        part,
        mapping.get(INT, layout.checksums() + block * Integer.BYTES));
    if (ids) {
      verifyIds(part, place);
    }
  }

  private void verifyIds(MemorySegment ids, long place) {
    for (long p = 0; p < ids.byteSize(); p += Integer.BYTES) {
      long id = Integer.toUnsignedLong(ids.get(INT, p));
      if (id >= header.rows() && (header.part().whole() || id != NO_NEIGHBOR)) {
        throw corrupt(
            path,
            "neighbour %d at byte %d of a graph of %d rows"
                .formatted(id, place + p, header.rows()));
      }
    }
  }

  private static void requireChecksum(Path path, String what, MemorySegment bytes, int expected) {
    int found = Hashes.crc32c(bytes);
    if (found != expected) {
      throw corrupt(path, "%s has CRC32C %08x, expected %08x".formatted(what, found, expected));
    }
  }

  private static CorruptFileException corrupt(Path path, String what) {
    return new CorruptFileException(
        "%s: %s; copy the file again, or build the graph again".formatted(path, what));
  }

  private static CorruptFileException corrupt(Path path, String what, Throwable cause) {
    return new CorruptFileException(
        "%s: %s; copy the file again, or build the graph again".formatted(path, what), cause);
  }

  private static long magic(String text) {
    return ByteBuffer.wrap(text.getBytes(StandardCharsets.US_ASCII))
        .order(ByteOrder.LITTLE_ENDIAN)
        .getLong();
  }

  @Override
  public void close() {
    try {
      channel.close();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } finally {
      if (arena.scope().isAlive()) {
        arena.close();
      }
    }
  }
}
