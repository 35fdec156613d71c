package dev.eigenseg.graph.strips;

import dev.eigenseg.api.BadInputException;
import dev.eigenseg.api.CorruptFileException;
import dev.eigenseg.api.IncompatibleException;
import dev.eigenseg.api.UnavailableException;
import dev.eigenseg.api.internal.file.ChannelWrites;
import dev.eigenseg.api.internal.file.Hashes;
import dev.eigenseg.api.internal.file.OutputLock;
import dev.eigenseg.api.spi.KnnIndex;
import dev.eigenseg.api.spi.ResumableKnnEngine;
import dev.eigenseg.api.spi.ResumableKnnEngine.Place;
import dev.eigenseg.graph.rows.RowRange;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.BitSet;
import java.util.Objects;
import java.util.Optional;

/**
 * Owns the two hidden files beside a target in which an unfinished search is kept: the candidates
 * of all strips, and a journal of the units that are done.
 *
 * <p>Every strip has two places in the file, and the journal's lines say which of them counts: a
 * line makes the other place count of all strips that the units since the line before took part in.
 * Units write strips only where they do not count, over and over if several units pass between two
 * lines. A commit forces that to disk and then adds a line: whenever the process dies, the last
 * commit is whole, and what came after it is lost.
 *
 * <p>Forcing may take longer than a unit, so a commit waits until {@value #PACE} times as long has
 * passed as the last one took, at least {@value #LEAST_SECONDS} seconds and at most {@value
 * #MOST_SECONDS}. That, and the unit begun, is what a crash or a stop loses. Each piece carries a
 * checksum and tells what it is.
 *
 * <p>The files are this machine's own: their numbers are in native order. They are deleted by
 * {@link #delete}, and on closing if nothing was committed. Reading and writing are thread-safe,
 * between two calls of {@link #finish}.
 */
public final class CandidateFile implements CandidateStore, ResumableKnnEngine.KeptSearch {
  private static final int HEADER_BYTES = 64;
  private static final int CHECKED_FROM = 8;
  // Forcing takes a fortieth of the time, if commits take up to a second and a half.
  private static final int PACE = 40;
  private static final double LEAST_SECONDS = 0.5;
  private static final double MOST_SECONDS = 60;

  private final Place place;
  private final OutputLock lock;
  private boolean closed;
  private final FileChannel channel;
  private final UnitJournal journal;
  private final StripGrid grid;
  private final int k;
  private final Disk disk;

  // Strips whose second place counts.
  private final BitSet second;
  private long finished;
  private long nextCommit;

  private CandidateFile(
      Place place,
      OutputLock lock,
      FileChannel channel,
      UnitJournal journal,
      StripGrid grid,
      int k,
      Disk disk) {
    this.place = place;
    this.lock = lock;
    this.channel = channel;
    this.journal = journal;
    this.grid = grid;
    this.k = k;
    this.disk = disk;
    this.second = new BitSet(grid.strips());
    for (long units : journal.commits()) {
      swapPlaces(finished, units);
      finished = units;
    }
    this.nextCommit = disk.nanoTime();
  }

  /** Lets the other place of all strips count that took part in the units in between. */
  private void swapPlaces(long before, long units) {
    for (int strip = 0; strip < grid.strips(); strip++) {
      if (grid.uses(strip, before) != grid.uses(strip, units)) {
        second.flip(strip);
      }
    }
  }

  /**
   * Opens the files, or makes them.
   *
   * @param grid the units, if nothing was begun; otherwise its strips are as they were then
   * @throws BadInputException if another search works there
   * @throws IncompatibleException if the unfinished search is for something else
   */
  public static CandidateFile open(Place place, StripGrid grid, int k) throws IOException {
    return open(place, grid, k, Disk.REAL);
  }

  /** Likewise, with what a measurement or a test takes for a disk. */
  @SuppressWarnings("MustBeClosedChecker")
  public static CandidateFile open(Place place, StripGrid grid, int k, Disk disk)
      throws IOException {
    OutputLock lock = lock(place);
    try {
      return open(place, grid, k, disk, lock);
    } catch (IOException | RuntimeException | Error e) {
      lock.close();
      throw e;
    }
  }

  @SuppressWarnings("MustBeClosedChecker")
  private static CandidateFile open(Place place, StripGrid grid, int k, Disk disk, OutputLock lock)
      throws IOException {
    FileChannel channel =
        FileChannel.open(
            data(place.target()),
            StandardOpenOption.CREATE,
            StandardOpenOption.READ,
            StandardOpenOption.WRITE,
            LinkOption.NOFOLLOW_LINKS); // anybody who knows the name could have put one there
    try {
      Optional<UnitJournal> begun = begun(place);
      if (begun.isEmpty()) {
        channel.truncate(0);
      }
      UnitJournal journal =
          begun.orElseGet(
              () -> UnitJournal.begin(journal(place.target()), grid.stripRows(), place.settings()));
      StripGrid strips = new StripGrid(grid.range(), grid.rows(), journal.stripRows());
      if (journal.committed() > strips.units()) {
        throw new CorruptFileException(
            "%s: %d units are done of %d; start over with --overwrite"
                .formatted(journal(place.target()), journal.committed(), strips.units()));
      }
      return new CandidateFile(place, lock, channel, journal, strips, k, disk);
    } catch (IOException | RuntimeException | Error e) {
      channel.close();
      throw e;
    }
  }

  private static OutputLock lock(Place place) throws IOException {
    try {
      return OutputLock.ofFile(data(place.target()));
    } catch (UnavailableException e) {
      throw new BadInputException(
          place.target() + ": another search for this file is running; wait for it, or stop it", e);
    }
  }

  private static Optional<UnitJournal> begun(Place place) throws IOException {
    Optional<UnitJournal> found;
    try {
      found = UnitJournal.read(journal(place.target()));
    } catch (CorruptFileException e) {
      if (!place.restart()) {
        throw e;
      }
      Files.delete(journal(place.target()));
      return Optional.empty();
    }
    if (found.isEmpty()) {
      return found;
    }
    Optional<String> difference = found.get().difference(place.settings());
    if (difference.isPresent() && !place.restart()) {
      throw new IncompatibleException(
          "%s: an unfinished search for this file is there, but %s; repeat the command that began it, or start over with --overwrite"
              .formatted(place.target(), difference.get()));
    }
    if (difference.isPresent()) {
      Files.delete(journal(place.target()));
      return Optional.empty();
    }
    return found;
  }

  /**
   * Whether a search was begun there, of which something is kept.
   *
   * @throws IncompatibleException if it is for something else, and is not to be thrown away
   */
  public static boolean isBegun(Place place) throws IOException {
    return begun(place).isPresent();
  }

  /** Deletes the hidden files of a target, whatever they are of. */
  public static void discard(Path target) throws IOException {
    // Without the journal the other is of no use to anybody, should this be interrupted.
    Files.deleteIfExists(journal(target));
    Files.deleteIfExists(data(target));
  }

  private static Path data(Path target) {
    return hidden(target, "candidates");
  }

  private static Path journal(Path target) {
    return hidden(target, "journal");
  }

  private static Path hidden(Path target, String kind) {
    return target.toAbsolutePath().resolveSibling(".%s.%s".formatted(target.getFileName(), kind));
  }

  /** The units; their strips are as they were when the search was begun. */
  public StripGrid grid() {
    return grid;
  }

  @Override
  public KnnIndex index() {
    return KnnIndex.EXACT;
  }

  @Override
  public float[] lastSimilarities() {
    return new float[0];
  }

  @Override
  public boolean due() {
    return disk.nanoTime() - nextCommit >= 0;
  }

  @Override
  public long finished() {
    return finished;
  }

  @Override
  public void finish(long units) throws IOException {
    finished = units;
    if (units == grid.units() || due()) {
      commit();
    }
  }

  private void commit() throws IOException {
    long start = disk.nanoTime();
    disk.force(channel, false);
    long before = journal.committed();
    journal.add(finished, disk);
    swapPlaces(before, finished);
    long end = disk.nanoTime();
    long wait =
        Math.clamp(PACE * (end - start), (long) (LEAST_SECONDS * 1e9), (long) (MOST_SECONDS * 1e9));
    nextCommit = end + wait;
  }

  /** Whether finished units since the last commit have written a strip. */
  private boolean ahead(int strip) {
    return grid.uses(strip, finished) != grid.uses(strip, journal.committed());
  }

  @Override
  public void write(
      long firstRow, int count, MemorySegment ids, MemorySegment similarities, long units)
      throws IOException {
    int strip = grid.stripOf(firstRow);
    long uses = grid.uses(strip, units);
    long half = CandidateStore.chunkBytes(count, k) / 2;
    try (Arena memory = Arena.ofConfined()) {
      MemorySegment piece = memory.allocate(HEADER_BYTES + 2 * half, Long.BYTES);
      piece.set(ValueLayout.JAVA_LONG, 8, firstRow);
      piece.set(ValueLayout.JAVA_LONG, 16, count);
      piece.set(ValueLayout.JAVA_LONG, 24, uses);
      MemorySegment.copy(ids, 0, piece, HEADER_BYTES, half);
      MemorySegment.copy(similarities, 0, piece, HEADER_BYTES + half, half);
      piece.set(ValueLayout.JAVA_INT, 0, Hashes.crc32c(piece.asSlice(CHECKED_FROM)));
      ChannelWrites.all(channel, piece.asByteBuffer(), offset(strip, !second.get(strip), firstRow));
    }
  }

  @Override
  public void read(long firstRow, int count, MemorySegment ids, MemorySegment similarities)
      throws IOException {
    Objects.checkFromIndexSize(
        firstRow - grid.range().first(), count, grid.rows() - grid.range().first());
    long row = firstRow;
    while (row < firstRow + count) {
      int strip = grid.stripOf(row);
      RowRange whole = piece(strip, row);
      RowRange wanted = new RowRange(row, Math.min(whole.end(), firstRow + count));
      long target = (row - firstRow) * k * Integer.BYTES;
      long uses = grid.uses(strip, finished);
      if (uses == 0) {
        fill(wanted.count() * k, ids.asSlice(target), similarities.asSlice(target));
      } else {
        readPiece(strip, uses, whole, wanted, ids.asSlice(target), similarities.asSlice(target));
      }
      row = wanted.end();
    }
  }

  private static void fill(long places, MemorySegment ids, MemorySegment similarities) {
    for (long i = 0; i < places; i++) {
      ids.setAtIndex(ValueLayout.JAVA_INT, i, -1);
      similarities.setAtIndex(ValueLayout.JAVA_FLOAT, i, Float.NaN);
    }
  }

  private void readPiece(
      int strip,
      long uses,
      RowRange whole,
      RowRange wanted,
      MemorySegment ids,
      MemorySegment similarities)
      throws IOException {
    long half = CandidateStore.chunkBytes(Math.toIntExact(whole.count()), k) / 2;
    long offset = offset(strip, second.get(strip) != ahead(strip), whole.first());
    try (Arena memory = Arena.ofConfined()) {
      MemorySegment piece = memory.allocate(HEADER_BYTES + 2 * half, Long.BYTES);
      readFully(piece, offset);
      if (piece.get(ValueLayout.JAVA_INT, 0) != Hashes.crc32c(piece.asSlice(CHECKED_FROM))
          || piece.get(ValueLayout.JAVA_LONG, 8) != whole.first()
          || piece.get(ValueLayout.JAVA_LONG, 16) != whole.count()
          || piece.get(ValueLayout.JAVA_LONG, 24) != uses) {
        throw damaged(
            "rows %d to %d are not what was written".formatted(whole.first(), whole.end()), offset);
      }
      long skipped = (wanted.first() - whole.first()) * k * Integer.BYTES;
      long bytes = wanted.count() * k * Integer.BYTES;
      MemorySegment.copy(piece, HEADER_BYTES + skipped, ids, 0, bytes);
      MemorySegment.copy(piece, HEADER_BYTES + half + skipped, similarities, 0, bytes);
    }
  }

  private void readFully(MemorySegment piece, long offset) throws IOException {
    ByteBuffer bytes = piece.asByteBuffer();
    while (bytes.hasRemaining()) {
      if (channel.read(bytes, offset + bytes.position()) < 0) {
        throw damaged("it ends there", offset + bytes.position());
      }
    }
  }

  private CorruptFileException damaged(String what, long offset) {
    return new CorruptFileException(
        "%s: offset %d: %s; delete it and %s, then search again"
            .formatted(data(place.target()), offset, what, journal(place.target()).getFileName()));
  }

  /** The rows that were written together with this one. */
  private RowRange piece(int strip, long row) {
    RowRange rows = grid.strip(strip);
    int most = CandidateStore.chunkRows(k);
    long first = rows.first() + (row - rows.first()) / most * most;
    return new RowRange(first, Math.min(first + most, rows.end()));
  }

  private long offset(int strip, boolean secondPlace, long firstRow) {
    int most = CandidateStore.chunkRows(k);
    long pieceBytes = HEADER_BYTES + CandidateStore.chunkBytes(most, k);
    long stripBytes = Math.multiplyExact(Math.ceilDiv(grid.stripRows(), most), pieceBytes);
    long piece = (firstRow - grid.strip(strip).first()) / most;
    return Math.addExact(
        Math.multiplyExact(2L * strip + (secondPlace ? 1 : 0), stripBytes), piece * pieceBytes);
  }

  @Override
  public void delete() throws IOException {
    close();
    discard(place.target());
  }

  @Override
  public void close() throws IOException {
    if (closed) { // not the channel, which an interrupt closes
      return;
    }
    closed = true;
    try (lock;
        channel;
        journal) {
      if (journal.committed() == 0) {
        discard(place.target());
      }
    }
  }
}
