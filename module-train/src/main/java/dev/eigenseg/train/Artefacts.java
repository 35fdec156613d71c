package dev.eigenseg.train;

import dev.eigenseg.api.IncompatibleException;
import dev.eigenseg.api.ModelInfo;
import dev.eigenseg.api.Provenance;
import dev.eigenseg.api.bank.BankManifest;
import dev.eigenseg.api.internal.file.Hashes;
import dev.eigenseg.graph.KnnGraph;
import dev.eigenseg.infer.SegmenterFile;
import dev.eigenseg.infer.SegmenterMethod;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import java.util.TreeSet;

/** What training leaves behind: identities of its inputs, and whether the work was done before. */
final class Artefacts {
  private Artefacts() {}

  /** What tells a graph from others: checksums of its neighbours and their similarities. */
  static String identity(KnnGraph graph) {
    return "%08x%08x"
        .formatted(
            Hashes.crc32cReleasing(graph.ids().segment()),
            Hashes.crc32cReleasing(graph.similarities().segment()));
  }

  /** What a model trained on a bank says of itself, without names. */
  static ModelInfo info(SegmenterMethod method, int clusters, BankManifest manifest) {
    return new ModelInfo(
        method.text(),
        clusters,
        manifest.backboneId(),
        manifest.backboneSha256(),
        manifest.backboneSpec(),
        manifest.backboneSettings(),
        manifest.geometry(),
        Optional.empty());
  }

  /**
   * Whether a model stands in the place and was made by the same work.
   *
   * @throws IncompatibleException if it was made by other work
   */
  static boolean alreadyDone(Path model, Provenance wanted) throws IOException {
    if (!Files.exists(model)) {
      return false;
    }
    try (SegmenterFile file = SegmenterFile.open(model)) {
      requireSame(model, file.model().provenance(), wanted);
    }
    return true;
  }

  /** Fails with the first setting or input that differs. */
  static void requireSame(Path place, Provenance found, Provenance wanted) {
    requireSame(place, "task", Map.of("task", found.task()), Map.of("task", wanted.task()));
    requireSame(place, "setting", found.settings(), wanted.settings());
    requireSame(place, "input", found.inputs(), wanted.inputs());
  }

  private static void requireSame(
      Path place, String kind, Map<String, String> found, Map<String, String> wanted) {
    TreeSet<String> names = new TreeSet<>(found.keySet());
    names.addAll(wanted.keySet());
    for (String name : names) {
      String before = found.getOrDefault(name, "absent");
      String now = wanted.getOrDefault(name, "absent");
      if (!before.equals(now)) {
        throw new IncompatibleException(
            "%s was made with another %s '%s': %s there, %s asked for; choose another file or --overwrite"
                .formatted(place, kind, name, before, now));
      }
    }
  }
}
