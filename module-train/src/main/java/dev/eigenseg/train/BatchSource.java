package dev.eigenseg.train;

import dev.eigenseg.api.bank.ImageEntry;
import java.io.IOException;
import java.util.List;

/** Where the patches of a training step come from. */
interface BatchSource extends AutoCloseable {
  /**
   * The patches of some images.
   *
   * @param epoch from 0
   * @return a batch that the caller owns
   */
  Batch batch(List<ImageEntry> images, int epoch) throws IOException;

  @Override
  void close();
}
