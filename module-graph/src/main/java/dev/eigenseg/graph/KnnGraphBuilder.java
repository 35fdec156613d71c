package dev.eigenseg.graph;

import dev.eigenseg.api.Progress;
import dev.eigenseg.api.Provenance;
import dev.eigenseg.api.UnavailableException;
import dev.eigenseg.api.spi.KnnEngine;
import dev.eigenseg.api.spi.KnnIndex;
import dev.eigenseg.api.spi.ResumableKnnEngine;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/**
 * Builds graphs, or parts of them, right into files.
 *
 * <p>A search with the embedded engine ({@link ResumableKnnEngine}) need not keep anything of the
 * size of the result in memory, and can be stopped and even killed: candidates are kept in two
 * hidden files beside the target ({@code .NAME.candidates}, {@code .NAME.journal}), and the same
 * call goes on where it was. They take up to twice the size of the result and are deleted in the
 * end. The bytes of the result depend neither on interruptions nor on memory, threads or parts. An
 * approximate search keeps its inverted lists likewise ({@code .NAME.lists}, the size of the rows
 * or more), and makes no files if it fits into memory and takes less than about a minute. Other
 * engines hold their result in memory and begin anew.
 *
 * @param engine searches
 * @param request what to search; its rows must be the same in every call for a target
 * @param provenance of the result; by its settings and inputs an unfinished search is known again,
 *     so an input must be named by something that changes with its content
 */
public record KnnGraphBuilder(KnnEngine engine, KnnEngine.Request request, Provenance provenance) {
  /** The setting in an IVF graph's provenance that says how many lists there were. */
  public static final String LISTS = "lists";

  /** Likewise, into how many of them every row looked. */
  public static final String PROBES = "probes";

  /**
   * Builds a file, which appears whole or not at all.
   *
   * @param part which share of the work; {@link GraphPart#WHOLE} makes a graph, others make parts
   *     for {@link KnnGraph#merge}
   * @param target the file
   * @param restart whether an unfinished search for something else is thrown away
   * @throws UnavailableException if the engine cannot search here, or the search cannot be divided
   * @throws dev.eigenseg.api.IncompatibleException if an unfinished search for something else is
   *     there; the message names what differs
   * @throws dev.eigenseg.api.BadInputException if a row is not finite, the memory is too small, or
   *     another search for this target is running
   * @throws dev.eigenseg.api.CancelledException if the user wants the work to stop
   */
  public void build(GraphPart part, Path target, boolean restart, Progress progress)
      throws IOException {
    build(part, target, Optional.empty(), restart, progress);
  }

  /**
   * Likewise, with inverted lists that several parts share.
   *
   * @param lists the file, for an approximate search; made if it is missing, and never deleted
   * @throws dev.eigenseg.api.IncompatibleException if it has lists of another search, too
   */
  public void build(
      GraphPart part, Path target, Optional<Path> lists, boolean restart, Progress progress)
      throws IOException {
    KnnGraph.require(engine, request);
    if (engine instanceof ResumableKnnEngine resumable
        && resumable.resumes(request.index().kind())) {
      ResumableKnnEngine.Place place =
          new ResumableKnnEngine.Place(target, settings(part), restart, lists.map(this::index));
      buildByUnits(resumable, part, place, progress);
      return;
    }
    if (!part.whole()) {
      throw new UnavailableException(
          "only a search with the engine vector, exact or by inverted lists (ivf), can be divided into parts, not one with %s, index %s"
              .formatted(engine.name(), request.index().kind()));
    }
    try (KnnGraph graph = KnnGraph.build(engine, request, progress)) {
      KnnIndex used = graph.index().orElse(request.index());
      graph.write(target, provenance.withSettings(chosen(used)));
    }
  }

  /** What an IVF index did, defaults and what was chosen for a recall included. */
  private Map<String, String> chosen(KnnIndex used) {
    if (used.kind() != KnnIndex.Kind.IVF) {
      return Map.of();
    }
    long rows = request.features().rows();
    int lists = used.listsFor(rows);
    return Map.of(
        LISTS,
        Integer.toString(lists),
        PROBES,
        Integer.toString(used.probesOf(lists)),
        "training-rows",
        Long.toString(used.trainingRowsFor(lists, rows)));
  }

  private void buildByUnits(
      ResumableKnnEngine resumable,
      GraphPart part,
      ResumableKnnEngine.Place place,
      Progress progress)
      throws IOException {
    long rows = request.features().rows();
    try (ResumableKnnEngine.KeptSearch found =
        resumable.search(request, part.firstRow(rows), part.endRow(rows), place, progress)) {
      KnnGraphFile.Header header = header(found, part);
      KnnGraphFile.write(
          place.target(),
          header,
          found::read,
          provenance.withSettings(chosen(found.index())),
          progress);
      found.delete();
    }
    // And what an earlier search for this target, of another kind or with other memory, has left.
    resumable.discard(place.target());
  }

  private KnnGraphFile.Header header(ResumableKnnEngine.KeptSearch found, GraphPart part)
      throws IOException {
    long rows = request.features().rows();
    boolean exact = found.index().kind() == KnnIndex.Kind.EXACT;
    Optional<RecallSample> sample =
        exact ? Optional.empty() : Optional.of(new RecallSample(rows, found.lastSimilarities()));
    Optional<Recall> recall = Optional.empty();
    if (sample.isPresent() && part.whole()) {
      recall = Optional.of(sample.get().of(found::read, request.k()));
    }
    return new KnnGraphFile.Header(
        rows,
        request.k(),
        engine.name(),
        exact,
        recall,
        part,
        part.whole() ? Optional.empty() : sample);
  }

  /**
   * Makes the inverted lists that the parts of an approximate search share, unless they are there.
   *
   * @throws UnavailableException if the engine cannot search here, or keeps no lists
   * @throws dev.eigenseg.api.IncompatibleException if lists of another search are there
   */
  public void prepare(Path lists, Progress progress) throws IOException {
    KnnGraph.require(engine, request);
    if (engine instanceof ResumableKnnEngine resumable
        && resumable.resumes(request.index().kind())) {
      resumable.prepare(request, index(lists), progress);
      return;
    }
    throw new UnavailableException(
        "only the engine vector keeps inverted lists in a file, not %s, index %s"
            .formatted(engine.name(), request.index().kind()));
  }

  private ResumableKnnEngine.SharedIndex index(Path lists) {
    return new ResumableKnnEngine.SharedIndex(lists, settings());
  }

  private Map<String, String> settings(GraphPart part) {
    Map<String, String> settings = settings();
    settings.put("part", part.toString());
    return settings;
  }

  private Map<String, String> settings() {
    Map<String, String> settings = new TreeMap<>(provenance.settings());
    settings.putAll(provenance.inputs());
    settings.put("version", Provenance.version());
    settings.put("rows", Long.toString(request.features().rows()));
    settings.put("channels", Integer.toString(request.features().dim()));
    settings.put("neighbors", Integer.toString(request.k()));
    return settings;
  }

  /** Deletes what an unfinished search for a target has left. */
  public static void discard(Path target) throws IOException {
    for (KnnEngine installed : KnnEngines.all()) {
      if (installed instanceof ResumableKnnEngine resumable) {
        resumable.discard(target);
      }
    }
  }
}
