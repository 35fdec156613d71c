package dev.eigenseg.graph.ivf;

import dev.eigenseg.api.BadInputException;
import dev.eigenseg.api.CorruptFileException;
import dev.eigenseg.api.IncompatibleException;
import dev.eigenseg.api.Progress;
import dev.eigenseg.api.UnavailableException;
import dev.eigenseg.api.internal.file.AtomicFile;
import dev.eigenseg.api.internal.file.OutputLock;
import dev.eigenseg.api.internal.resource.Closing;
import dev.eigenseg.api.spi.KnnEngine;
import dev.eigenseg.api.spi.ResumableKnnEngine;
import dev.eigenseg.api.spi.ResumableKnnEngine.KeptSearch;
import dev.eigenseg.api.spi.ResumableKnnEngine.Place;
import dev.eigenseg.api.spi.ResumableKnnEngine.SharedIndex;
import dev.eigenseg.graph.rows.HeldBackRows;
import dev.eigenseg.graph.rows.PreparedRows;
import dev.eigenseg.graph.rows.RowRange;
import dev.eigenseg.graph.strips.CandidateFile;
import dev.eigenseg.graph.strips.StripCandidates;
import dev.eigenseg.graph.strips.StripGrid;
import dev.eigenseg.graph.strips.UnitLoop;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * A search by inverted lists whose rows and candidates need not fit into memory: rows are sorted by
 * list into a {@link ListFile}, then pairs of strips of positions are joined, and a {@link
 * CandidateFile} keeps the candidates of the others. The file of lists and the units that are done
 * outlive the process. A search of all rows that fits into memory and is no longer than a unit
 * makes no files. Both give the same bytes.
 */
public final class KeptIvfSearch {
  private final KnnEngine.Request request;
  private final IvfPlan plan;
  private final Progress progress;

  /** A search that is about to begin. */
  public KeptIvfSearch(KnnEngine.Request request, Progress progress) {
    this.request = request;
    this.progress = progress;
    this.plan = IvfPlan.of(request);
  }

  /**
   * The most bytes that it takes, heap and off-heap together, the result included if it stays in
   * memory.
   *
   * @throws BadInputException if the memory is too small to sort the rows
   */
  public long peakBytes() {
    requireMemory();
    return Math.min(bytesInMemory(plan), request.memory());
  }

  /** With the result, which a search in files writes a window at a time. */
  private static long bytesInMemory(IvfPlan plan) {
    return plan.bytes() + Math.multiplyExact(plan.rows(), 2L * Integer.BYTES * plan.k());
  }

  private void requireMemory() {
    long least = Math.min(bytesInMemory(plan), plan.sortingBytes());
    if (least > request.memory()) {
      throw new BadInputException(
          ("the search needs at least %,d bytes of memory to sort %,d rows of %d channels into %,d lists with %d threads;"
                  + " allowed are %,d: allow more with --memory, or search exactly (--index exact), which does with less")
              .formatted(
                  least, plan.rows(), plan.dim(), plan.lists(), plan.threads(), request.memory()));
    }
  }

  /** As {@link ResumableKnnEngine#search(KnnEngine.Request, long, long, Place, Progress)} says. */
  public KeptSearch search(RowRange share, Place place) throws IOException {
    Path own = hidden(place.target());
    SharedIndex index = place.index().orElseGet(() -> new SharedIndex(own, place.settings()));
    boolean shared = place.index().isPresent();
    if (!shared && place.restart() && Files.exists(own) && !isSame(index)) {
      discard(place.target());
    }
    boolean begun = CandidateFile.isBegun(place);
    boolean whole = share.first() == 0 && share.end() == plan.rows();
    if (!Files.exists(index.file())) {
      Optional<KeptSearch> inMemory = make(index, whole && !shared && !begun);
      if (inMemory.isPresent()) {
        return inMemory.get();
      }
    }
    ListFile lists = ListFile.open(index.file());
    try {
      requireSame(lists, index, shared ? Optional.empty() : Optional.of(place.target()));
      return join(lists, share, place, shared ? Optional.empty() : Optional.of(own));
    } catch (IOException | RuntimeException | Error e) {
      Closing.after(e, lists);
      throw e;
    }
  }

  private static boolean isSame(SharedIndex index) throws IOException {
    try (ListFile lists = ListFile.open(index.file())) {
      return lists.difference(index.settings()).isEmpty();
    } catch (CorruptFileException e) {
      return false;
    }
  }

  private void requireSame(ListFile lists, SharedIndex index, Optional<Path> target) {
    Optional<String> difference = lists.difference(index.settings());
    if (difference.isEmpty()) {
      ListFile.Header header = lists.header();
      if (header.rows() != plan.rows() || header.dim() != plan.dim() || header.k() != plan.k()) {
        throw new CorruptFileException(
            "%s: has %s, against its own settings; delete it, then search again"
                .formatted(index.file(), header));
      }
      return;
    }
    throw new IncompatibleException(
        target.isPresent()
            ? "%s: an unfinished search for this file is there, but %s; repeat the command that began it, or start over with --overwrite"
                .formatted(target.get(), difference.get())
            : "%s: these inverted lists are of another search: %s; name another file, or delete it"
                .formatted(index.file(), difference.get()));
  }

  /** Makes the file of lists, unless it is there. */
  public void prepare(SharedIndex index) throws IOException {
    if (Files.exists(index.file())) {
      try (ListFile lists = ListFile.open(index.file())) {
        requireSame(lists, index, Optional.empty());
      }
      return;
    }
    make(index, false);
  }

  /** Deletes what an unfinished search has left. */
  public static void discard(Path target) throws IOException {
    CandidateFile.discard(target);
    Path lists = hidden(target);
    Files.deleteIfExists(lists);
    deleteScratch(lists);
  }

  private static void deleteScratch(Path lists) throws IOException {
    for (Path file : scratch(lists)) {
      Files.deleteIfExists(file);
    }
  }

  private static Path hidden(Path target) {
    return target.toAbsolutePath().resolveSibling(".%s.lists".formatted(target.getFileName()));
  }

  private static List<Path> scratch(Path lists) {
    return Stream.of("sample", "sorted", "ranked", "unfinished")
        .map(kind -> scratch(lists, kind))
        .toList();
  }

  private static Path scratch(Path lists, String kind) {
    String name = lists.getFileName().toString();
    return lists
        .toAbsolutePath()
        .resolveSibling((name.startsWith(".") ? "" : ".") + name + "." + kind);
  }

  // ---- lists

  /**
   * Learns lists and sorts rows into a file; or searches in memory, if that may be and is no longer
   * than a unit.
   */
  private Optional<KeptSearch> make(SharedIndex index, boolean mayStayInMemory) throws IOException {
    requireMemory();
    try (OutputLock _ = lock(index.file())) {
      deleteScratch(index.file());
      return learn(index, mayStayInMemory);
    } catch (UncheckedIOException e) {
      throw e.getCause();
    }
  }

  private Optional<KeptSearch> learn(SharedIndex index, boolean mayStayInMemory)
      throws IOException {
    try (PreparedRows rows =
            PreparedRows.measure(request.features(), true, request.threads(), progress);
        IvfSearch.Learned learned =
            new IvfSearch(request, progress).learn(plan, rows, room(index.file()))) {
      float[] last = HeldBackRows.lastSimilarities(rows, request.k(), request.threads(), progress);
      IvfPlan joined = learned.plan().withPlaces(learned.probes());
      if (mayStayInMemory
          && bytesInMemory(joined) <= request.memory()
          && StripPlan.inOneUnit(joined)) {
        return Optional.of(
            KeptInMemory.of(plan.rows(), request.k(), last, lists -> learned.join(rows, lists)));
      }
      write(index, rows, learned, last);
      return Optional.empty();
    }
  }

  private static OutputLock lock(Path file) throws IOException {
    try {
      return OutputLock.ofFile(file);
    } catch (UnavailableException e) {
      throw new BadInputException(
          file + ": another search is making these inverted lists; wait for it, or stop it", e);
    }
  }

  private ListTraining.Room room(Path lists) {
    return plan.bytes() <= request.memory()
        ? ListTraining.Room.MEMORY
        : new ListTraining.Room(
            request.memory() - plan.sortingBytes(), Optional.of(scratch(lists, "")));
  }

  private void write(SharedIndex index, PreparedRows rows, IvfSearch.Learned learned, float[] last)
      throws IOException {
    Path unfinished = scratch(index.file(), "unfinished");
    Path file = index.file().toAbsolutePath();
    try (RankedLists ranked = learned.rank(rows, Optional.of(scratch(file, "ranked")))) {
      ListFileWriter writer =
          new ListFileWriter(learned.plan(), request.features().half(), rows, ranked, progress);
      StripPlan.of( // refuses too little memory before the rows are sorted
          learned.plan().withPlaces(learned.probes()),
          writer.recordBytes(),
          new RowRange(0, plan.rows()),
          request.memory());
      writer.write(unfinished, last, index.settings());
      AtomicFile.publish(unfinished, file);
    } finally {
      Files.deleteIfExists(unfinished);
    }
  }

  // ---- joining

  private KeptSearch join(ListFile lists, RowRange share, Place place, Optional<Path> own)
      throws IOException {
    ListFile.Header header = lists.header();
    IvfPlan sizes = plan.withLists(header.lists()).withPlaces(header.probes());
    RowRange range = lists.share(share.first(), share.end());
    StripPlan cut = StripPlan.of(sizes, header.recordBytes(), range, request.memory());
    CandidateFile file = CandidateFile.open(place, cut.grid(), request.k());
    try {
      if (file.finished() < file.grid().units()) {
        run(cut.continued(file.grid().stripRows(), request.memory()), lists, file);
      }
      return new KeptLists(request, lists, file, own, share.first() == 0, progress);
    } catch (UncheckedIOException e) {
      Closing.after(e.getCause(), file);
      throw e.getCause();
    } catch (IOException | RuntimeException | Error e) {
      Closing.after(e, file);
      throw e;
    }
  }

  private void run(StripPlan cut, ListFile lists, CandidateFile store) {
    StripGrid grid = cut.grid();
    ListBlocks[] blocks = new ListBlocks[grid.strips()];
    for (int strip = 0; strip < blocks.length; strip++) {
      blocks[strip] = new ListBlocks(lists.meta().listBegin(), grid.strip(strip));
    }
    try (Progress.Task task =
        progress.start("graph", blocksLeft(grid, blocks, store.finished()), "blocks")) {
      ProbeJoin join = new ProbeJoin(cut.plan(), lists.header().probes(), progress, task);
      Units units = new Units(lists, join);
      new UnitLoop(grid, cut.size(), store, progress)
          .run((own, other, soon) -> {
            ListBlocks first = blocks[grid.stripOf(own.range().first())];
            if (own.equals(other)) {
              units.within(own, first);
            } else {
              units.across(own, first, other, blocks[grid.stripOf(other.range().first())]);
            }
          });
    }
  }

  private static long blocksLeft(StripGrid grid, ListBlocks[] blocks, long finished) {
    long left = 0;
    for (int strip = 0; strip < grid.rowStrips(); strip++) {
      for (int other = strip; other < grid.strips(); other++) {
        if (grid.firstUnit(strip) + other - strip >= finished) {
          left += blocks[strip].blocks() + (long) blocks[other].blocks();
        }
      }
    }
    return left;
  }

  /** The work on a unit. */
  private record Units(ListFile lists, ProbeJoin join) {
    void within(StripCandidates own, ListBlocks blocks) {
      try (StripRows rows = lists.read(own.range(), join.plan().threads())) {
        join.joinWithin(rows, JoinSide.of(blocks, own.candidates()));
      }
    }

    void across(
        StripCandidates own, ListBlocks ownBlocks, StripCandidates other, ListBlocks otherBlocks) {
      JoinSide first = JoinSide.of(ownBlocks, own.candidates());
      JoinSide second = JoinSide.of(otherBlocks, other.candidates());
      join(first, second, false);
      join(second, first, true);
    }

    private void join(JoinSide listed, JoinSide looking, boolean again) {
      try (StripRows rows = lists.read(looking.blocks().range(), join.plan().threads())) {
        join.joinAcross(
            (block, work) -> {
              try (StripRows columns = lists.read(block, 1)) {
                work.accept(columns);
              }
            },
            listed,
            rows,
            looking,
            again);
      }
    }
  }
}
