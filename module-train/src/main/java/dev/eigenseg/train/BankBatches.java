package dev.eigenseg.train;

import dev.eigenseg.api.PatchFeatures;
import dev.eigenseg.api.bank.FeatureBank;
import dev.eigenseg.api.bank.ImageEntry;
import dev.eigenseg.api.tensor.Tensor;
import dev.eigenseg.infer.FeatureScales;
import java.io.IOException;
import java.util.List;

/** The rows of the bank, the same in every epoch. */
final class BankBatches implements BatchSource {
  private final FeatureBank bank;
  private final FeatureScales scales;
  private final BatchMemory memory = new BatchMemory();

  /** Borrows the bank. */
  BankBatches(FeatureBank bank, FeatureScales scales) {
    this.bank = bank;
    this.scales = scales;
  }

  @Override
  public Batch batch(List<ImageEntry> images, int epoch) throws IOException {
    Batch batch =
        Batch.allocate(
            memory,
            bank.manifest().dims(),
            images.stream()
                .map(image -> new Batch.Part(image, image.gridRows(), image.gridColumns()))
                .toList());
    try {
      for (int part = 0; part < images.size(); part++) {
        ImageEntry image = batch.parts().get(part).image();
        try (PatchFeatures features = bank.features(image);
            Tensor colors = bank.patchColors(image)) {
          batch.put(part, features, colors, scales);
        }
      }
      return batch;
    } catch (IOException | RuntimeException | Error e) {
      batch.close();
      throw e;
    }
  }

  @Override
  public void close() {
    memory.close();
  }
}
