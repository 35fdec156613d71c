package dev.eigenseg.train;

import dev.eigenseg.api.Backbone;
import dev.eigenseg.api.Backbones;
import dev.eigenseg.api.BadInputException;
import dev.eigenseg.api.IncompatibleException;
import dev.eigenseg.api.ModelInfo;
import dev.eigenseg.api.PatchFeatures;
import dev.eigenseg.api.UnavailableException;
import dev.eigenseg.api.bank.BankManifest;
import dev.eigenseg.api.bank.ImageEntry;
import dev.eigenseg.api.internal.kernel.Parallel;
import dev.eigenseg.api.tensor.Tensor;
import dev.eigenseg.infer.FeatureScales;
import dev.eigenseg.infer.SegmenterMethod;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/**
 * Owns the bank's backbone, and runs it on new random views of the bank's images, which are read
 * again from their files. A view depends on seed, epoch and path alone. That the pixels are still
 * those of the bank is not known; that the images are as large as they were is checked.
 */
final class AugmentedBatches implements BatchSource {
  private final BankManifest manifest;
  private final FeatureScales scales;
  private final Augmentation augmentation;
  private final TrainingOptions options;
  private final Backbone backbone;
  private final BatchMemory memory = new BatchMemory();

  private AugmentedBatches(
      BankManifest manifest,
      FeatureScales scales,
      Augmentation augmentation,
      TrainingOptions options,
      Backbone backbone) {
    this.manifest = manifest;
    this.scales = scales;
    this.augmentation = augmentation;
    this.options = options;
    this.backbone = backbone;
  }

  /**
   * Opens the bank's backbone, where {@link Backbones#find} finds it.
   *
   * @param folder of the bank
   * @throws BadInputException if an image's file is not where it was
   * @throws UnavailableException if the backbone is not found
   * @throws IncompatibleException if only others are
   */
  static AugmentedBatches open(
      Path folder,
      BankManifest manifest,
      List<ImageEntry> images,
      FeatureScales scales,
      Augmentation augmentation,
      TrainingOptions options)
      throws IOException {
    requireFiles(images);
    ModelInfo info =
        Artefacts.info(SegmenterMethod.NEURAL_EIGENFUNCTIONS, options.clusters(), manifest);
    String spec = Backbones.find(folder, info);
    Backbone backbone = Backbones.open(spec, options.run().device(), manifest.backboneSettings());
    if (!backbone.sha256().equals(manifest.backboneSha256())) { // such as a descriptor of before
      String found = backbone.sha256();
      backbone.close();
      throw new IncompatibleException(
          ("augmenting runs the bank's backbone again, but '%s' has the SHA-256 %s now, the bank "
                  + "was made with %s: put that file back, or extract again")
              .formatted(spec, found, manifest.backboneSha256()));
    }
    return new AugmentedBatches(manifest, scales, augmentation, options, backbone);
  }

  /**
   * Checks that there still are the images' files.
   *
   * @throws BadInputException naming the first that is missing
   */
  static void requireFiles(List<ImageEntry> images) {
    List<String> missing =
        images.stream()
            .map(ImageEntry::path)
            .filter(path -> !Files.isRegularFile(Path.of(path)))
            .toList();
    if (!missing.isEmpty()) {
      throw new BadInputException(
          ("augmenting reads the bank's images again, but %d of %d are not where they were, the "
                  + "first is %s; put them there, or start where 'eigenseg extract' was started")
              .formatted(missing.size(), images.size(), missing.getFirst()));
    }
  }

  @Override
  public Batch batch(List<ImageEntry> images, int epoch) throws IOException {
    Batch batch =
        Batch.allocate(
            memory,
            manifest.dims(),
            images.stream()
                .map(image -> {
                  AugmentedView view = view(image, epoch);
                  return new Batch.Part(image, view.gridRows(), view.gridColumns());
                })
                .toList());
    try {
      Parallel.forEach(
          options.run().threads(), images.size(), part -> put(batch, Math.toIntExact(part), epoch));
      return batch;
    } catch (RuntimeException | Error e) {
      batch.close();
      throw e;
    }
  }

  private AugmentedView view(ImageEntry image, int epoch) {
    return augmentation.view(
        manifest.geometry(),
        image.width(),
        image.height(),
        options.run().seed(),
        image.path(),
        epoch);
  }

  private void put(Batch batch, int part, int epoch) {
    ImageEntry entry = batch.parts().get(part).image();
    BufferedImage image = manifest.geometry().read(Path.of(entry.path()));
    if (image.getWidth() != entry.width() || image.getHeight() != entry.height()) {
      throw new IncompatibleException(
          "%s has %d x %d pixels now, and had %d x %d when the bank was made: extract again"
              .formatted(
                  entry.path(),
                  image.getWidth(),
                  image.getHeight(),
                  entry.width(),
                  entry.height()));
    }
    AugmentedView view = view(entry, epoch);
    try (Tensor pixels = view.pixels(image);
        PatchFeatures features = backbone.extract(pixels);
        Tensor colors = manifest.geometry().patchColors(pixels)) {
      batch.put(part, features, colors, scales);
    }
  }

  @Override
  public void close() {
    try (memory) {
      backbone.close();
    }
  }
}
