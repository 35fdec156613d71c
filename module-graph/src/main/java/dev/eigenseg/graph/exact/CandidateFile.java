package dev.eigenseg.graph.exact;

import dev.eigenseg.api.BadInputException;
import dev.eigenseg.api.CorruptFileException;
import dev.eigenseg.api.IncompatibleException;
import dev.eigenseg.api.internal.file.ChannelWrites;
import dev.eigenseg.api.internal.file.Hashes;
import dev.eigenseg.api.spi.ResumableKnnEngine;
import dev.eigenseg.api.spi.ResumableKnnEngine.Place;
import dev.eigenseg.graph.rows.RowRange;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Objects;
import java.util.Optional;

/**
 * Owns the two hidden files beside a target in which an unfinished search is kept: the candidates
 * of all strips, and a journal of the units that are done.
 *
 * <p>Every strip has two places in the file. A unit writes its strips where they are not at the
 * moment, forces that to disk and then adds its line to the journal: whenever the process dies, the
 * journal tells which place holds what. Each piece carries a checksum and tells what it is.
 *
 * <p>The files are this machine's own: their numbers are in native order. They are deleted by
 * {@link #delete}, and on closing if no unit was finished. Reading and writing are thread-safe.
 */
public final class CandidateFile implements CandidateStore, ResumableKnnEngine.KeptSearch {
  private static final int HEADER_BYTES = 64;
  private static final int CHECKED_FROM = 8;

  private final Place place;
  private final FileChannel channel;
  private final UnitJournal journal;
  private final StripGrid grid;
  private final int k;

  private CandidateFile(
      Place place, FileChannel channel, UnitJournal journal, StripGrid grid, int k) {
    this.place = place;
    this.channel = channel;
    this.journal = journal;
    this.grid = grid;
    this.k = k;
  }

  /**
   * Opens the files, or makes them.
   *
   * @param grid the units, if nothing was begun; otherwise its strips are as they were then
   * @throws BadInputException if another search works there
   * @throws IncompatibleException if the unfinished search is for something else
   */
  @SuppressWarnings("MustBeClosedChecker")
  static CandidateFile open(Place place, StripGrid grid, int k) throws IOException {
    FileChannel channel =
        FileChannel.open(
            data(place.target()),
            StandardOpenOption.CREATE,
            StandardOpenOption.READ,
            StandardOpenOption.WRITE);
    try {
      lock(place, channel);
      Optional<UnitJournal> begun = begun(place);
      if (begun.isEmpty()) {
        channel.truncate(0);
      }
      UnitJournal journal =
          begun.orElseGet(
              () -> UnitJournal.begin(journal(place.target()), grid.stripRows(), place.settings()));
      return new CandidateFile(
          place,
          channel,
          journal,
          new StripGrid(grid.range(), grid.rows(), journal.stripRows()),
          k);
    } catch (IOException | RuntimeException | Error e) {
      channel.close();
      throw e;
    }
  }

  private static void lock(Place place, FileChannel channel) throws IOException {
    boolean locked;
    try {
      locked = channel.tryLock() != null; // released when the channel is closed
    } catch (OverlappingFileLockException e) {
      locked = false;
    }
    if (!locked) {
      throw new BadInputException(
          place.target() + ": another search for this file is running; wait for it, or stop it");
    }
  }

  private static Optional<UnitJournal> begun(Place place) throws IOException {
    Optional<UnitJournal> found = UnitJournal.read(journal(place.target()));
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
  StripGrid grid() {
    return grid;
  }

  @Override
  public boolean outlives() {
    return true;
  }

  @Override
  public long finished() {
    return journal.finished();
  }

  @Override
  public void finish(long units) throws IOException {
    channel.force(false);
    journal.add(units);
  }

  @Override
  public void write(long firstRow, int count, MemorySegment ids, MemorySegment similarities)
      throws IOException {
    int strip = grid.stripOf(firstRow);
    long uses = grid.uses(strip, finished()) + 1;
    long half = CandidateStore.chunkBytes(count, k) / 2;
    try (Arena memory = Arena.ofConfined()) {
      MemorySegment piece = memory.allocate(HEADER_BYTES + 2 * half, Long.BYTES);
      piece.set(ValueLayout.JAVA_LONG, 8, firstRow);
      piece.set(ValueLayout.JAVA_LONG, 16, count);
      piece.set(ValueLayout.JAVA_LONG, 24, uses);
      MemorySegment.copy(ids, 0, piece, HEADER_BYTES, half);
      MemorySegment.copy(similarities, 0, piece, HEADER_BYTES + half, half);
      piece.set(ValueLayout.JAVA_INT, 0, Hashes.crc32c(piece.asSlice(CHECKED_FROM)));
      ChannelWrites.all(channel, piece.asByteBuffer(), offset(strip, uses, firstRow));
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
      long uses = grid.uses(strip, finished());
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
    long offset = offset(strip, uses, whole.first());
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

  private long offset(int strip, long uses, long firstRow) {
    int most = CandidateStore.chunkRows(k);
    long pieceBytes = HEADER_BYTES + CandidateStore.chunkBytes(most, k);
    long stripBytes = Math.multiplyExact(Math.ceilDiv(grid.stripRows(), most), pieceBytes);
    long piece = (firstRow - grid.strip(strip).first()) / most;
    return Math.addExact(Math.multiplyExact(2L * strip + uses % 2, stripBytes), piece * pieceBytes);
  }

  @Override
  public void delete() throws IOException {
    close();
    discard(place.target());
  }

  @Override
  public void close() throws IOException {
    if (!channel.isOpen()) {
      return;
    }
    try (channel;
        journal) {
      if (finished() == 0) {
        discard(place.target());
      }
    }
  }
}
