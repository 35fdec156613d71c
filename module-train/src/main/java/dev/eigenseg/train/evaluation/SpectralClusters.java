package dev.eigenseg.train.evaluation;

import dev.eigenseg.api.BadInputException;
import dev.eigenseg.api.Progress;
import dev.eigenseg.api.Segmentation;
import dev.eigenseg.api.bank.FeatureBank;
import dev.eigenseg.api.bank.ImageEntry;
import dev.eigenseg.api.internal.kernel.Parallel;
import dev.eigenseg.api.tensor.DType;
import dev.eigenseg.api.tensor.FeatureRows;
import dev.eigenseg.api.tensor.Tensor;
import dev.eigenseg.graph.kmeans.KMeans;
import dev.eigenseg.graph.kmeans.KMeansOptions;
import dev.eigenseg.graph.kmeans.KMeansResult;
import dev.eigenseg.graph.spectral.Eigenpairs;
import dev.eigenseg.graph.spectral.SpectralEmbedding;
import dev.eigenseg.infer.segment.Centroids;
import dev.eigenseg.infer.segment.Upsampler;
import dev.eigenseg.train.dataset.Dataset;
import dev.eigenseg.train.dataset.Sample;
import java.io.IOException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Owns the clusters of classical spectral clustering: k-means on the rows of the leading
 * eigenvectors. They exist for the patches of the bank alone, as no function was learned that could
 * be asked about another image.
 */
public final class SpectralClusters implements AutoCloseable {
  private final FeatureBank bank;
  private final Tensor embedding;
  private final Centroids nearest;
  private final int clusters;

  private SpectralClusters(FeatureBank bank, Tensor embedding, Centroids nearest, int clusters) {
    this.bank = bank;
    this.embedding = embedding;
    this.nearest = nearest;
    this.clusters = clusters;
  }

  /**
   * Clusters the patches.
   *
   * @param bank whose patches the pairs are of; borrowed as long as the result is used
   * @param pairs borrowed
   */
  public static SpectralClusters of(
      FeatureBank bank, Eigenpairs pairs, KMeansOptions options, Progress progress)
      throws IOException {
    Tensor rows = SpectralEmbedding.rows(pairs);
    try (KMeansResult result = KMeans.fit(FeatureRows.of(rows), options, progress)) {
      Centroids nearest = new Centroids(result.centroids(), false);
      return new SpectralClusters(bank, rows, nearest, options.clusters());
    } catch (IOException | RuntimeException | Error e) {
      rows.close();
      throw e;
    }
  }

  /** The number of clusters. */
  public int clusters() {
    return clusters;
  }

  /** One of the bank's images at its own size. */
  public Segmentation segment(ImageEntry image) {
    try (Tensor logits = Tensor.allocate(DType.F32, image.patches(), clusters)) {
      nearest.logits(embedding.slice(image.firstRow(), image.patches()), logits, 1);
      return Upsampler.argmax(
          logits,
          image.gridRows(),
          image.gridColumns(),
          bank.manifest().geometry(),
          image.width(),
          image.height(),
          Optional.empty(),
          1);
    }
  }

  /**
   * Counts which clusters meet which classes, at the resolution of the labels, in the bank's images
   * as they are.
   *
   * @param dataset with labels for all images of the bank
   * @param progress counts images
   * @throws BadInputException if an image of the bank is not in the dataset
   */
  public ConfusionMatrix compare(Dataset dataset, int threads, Progress progress) {
    Map<Path, Sample> samples = new LinkedHashMap<>();
    dataset.samples().forEach(sample -> samples.put(absolute(sample.image()), sample));
    ConfusionMatrix total = new ConfusionMatrix(clusters, dataset.classes().size());
    List<ImageEntry> images = bank.images().stream().filter(ImageEntry::plain).toList();
    try (Progress.Task task = progress.start("compare", images.size(), "images")) {
      Parallel.forEach(
          threads,
          images.size(),
          i -> {
            progress.checkCancelled();
            ConfusionMatrix counts = compare(images.get((int) i), samples, dataset);
            synchronized (total) {
              total.merge(counts);
            }
            task.advance(1);
          });
    }
    return total;
  }

  private ConfusionMatrix compare(ImageEntry image, Map<Path, Sample> samples, Dataset dataset) {
    Sample sample = samples.get(absolute(Path.of(image.path())));
    if (sample == null) {
      throw new BadInputException(
          "%s of the bank is no image of %s %s; name the split that the bank was extracted from"
              .formatted(image.path(), dataset.name(), dataset.split()));
    }
    ConfusionMatrix counts = new ConfusionMatrix(clusters, dataset.classes().size());
    counts.add(
        segment(image), dataset.labels(sample, image.width(), image.height()), dataset.voidIndex());
    return counts;
  }

  private static Path absolute(Path path) {
    return path.toAbsolutePath().normalize();
  }

  @Override
  public void close() {
    try (embedding;
        nearest) {
      // Both are closed, even if one fails.
    }
  }
}
