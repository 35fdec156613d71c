package dev.eigenseg.train;

import dev.eigenseg.api.Backbones;
import dev.eigenseg.api.CorruptFileException;
import dev.eigenseg.api.Dendrogram;
import dev.eigenseg.api.IncompatibleException;
import dev.eigenseg.api.ModelInfo;
import dev.eigenseg.api.Progress;
import dev.eigenseg.api.bank.BankManifest;
import dev.eigenseg.api.bank.FeatureBank;
import dev.eigenseg.graph.BankGraph;
import dev.eigenseg.graph.KnnGraph;
import dev.eigenseg.graph.KnnGraphInfo;
import dev.eigenseg.infer.SegmenterModel;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;

/**
 * Finds in which order a model's clusters merge, from a bank and without labels. Costs one look of
 * the model at the bank's features and one at the graph's edges. Needs no tensor engine; not part
 * of the published method.
 */
public final class ClusterMerging {
  private static final System.Logger LOGGER = System.getLogger(ClusterMerging.class.getName());

  private ClusterMerging() {}

  /**
   * Looks at a bank.
   *
   * @param bank features of the backbone that the model was trained on, by custom its training
   *     bank; borrowed
   * @param model of any method; borrowed
   * @param graph over the bank's patches; without one, the cosines of high features decide
   * @param threads worker threads; the result does not depend on it
   * @param progress counts images
   * @throws IncompatibleException if bank and graph, or bank and model do not belong together
   * @throws dev.eigenseg.api.CancelledException if the user wants the work to stop
   */
  public static Dendrogram of(
      FeatureBank bank,
      SegmenterModel model,
      Optional<KnnGraph> graph,
      int threads,
      Progress progress)
      throws IOException {
    ModelInfo info = model.info();
    BankManifest manifest = bank.manifest();
    if (!info.backboneSha256().equals(manifest.backboneSha256())
        || !Backbones.equalButForTheGrid(info.backboneSettings(), manifest.backboneSettings())) {
      throw new IncompatibleException(
          "the model was trained on backbone %s %s, the bank %s holds features of %s %s; give a bank of the model's backbone"
              .formatted(
                  info.backboneId(),
                  info.backboneSettings(),
                  bank.directory(),
                  manifest.backboneId(),
                  manifest.backboneSettings()));
    }
    if (graph.isPresent() && graph.get().rows() != bank.rows()) {
      throw new IncompatibleException(
          "the graph has %d rows and the bank %d patches: run 'eigenseg graph' on this bank again"
              .formatted(graph.get().rows(), bank.rows()));
    }
    try (BankClusters clusters = BankClusters.of(bank, model, threads, progress)) {
      ClusterKernel kernel =
          graph.isPresent()
              ? ClusterKernel.ofGraph(clusters, graph.get(), threads, progress)
              : ClusterKernel.ofFeatures(clusters, bank, threads);
      return Agglomeration.of(kernel, clusters);
    }
  }

  /**
   * A model with the order in which its clusters merge.
   *
   * @param graph over the bank's patches; if there is none, the one in the bank's folder counts,
   *     and without that the features
   */
  static SegmenterModel completed(
      FeatureBank bank,
      SegmenterModel model,
      Optional<KnnGraph> graph,
      int threads,
      Progress progress)
      throws IOException {
    if (graph.isPresent()) {
      return model.withDendrogram(of(bank, model, graph, threads, progress));
    }
    Path file = BankGraph.file(bank.directory());
    try {
      if (Files.exists(file) && isOf(bank, file)) {
        try (KnnGraph found = KnnGraph.open(file)) {
          return model.withDendrogram(of(bank, model, Optional.of(found), threads, progress));
        }
      }
    } catch (CorruptFileException e) {
      // What training did not need is no reason to lose what was learned.
      LOGGER.log(System.Logger.Level.WARNING, "clusters merge by the features: " + e.getMessage());
    }
    return model.withDendrogram(of(bank, model, Optional.empty(), threads, progress));
  }

  /** Whether a graph's file is of all patches of a bank, and of no other bank. */
  public static boolean isOf(FeatureBank bank, Path file) throws IOException {
    KnnGraphInfo graph = KnnGraphInfo.read(file);
    String madeFrom = graph.provenance().inputs().get("bank");
    return graph.part().whole()
        && graph.rows() == bank.rows()
        && (madeFrom == null || madeFrom.equals(bank.identity()));
  }
}
