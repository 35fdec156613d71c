package dev.eigenseg.train.evaluation;

import dev.eigenseg.api.Backbone;
import dev.eigenseg.api.PatchFeatures;
import dev.eigenseg.api.internal.file.Hashes;
import dev.eigenseg.api.tensor.Tensor;
import java.util.Arrays;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Owns the features that a backbone gave for the views of one image, for the next model that looks
 * at the same pixels; pixels are the same if their SHA-256 is. Views that there is no room for are
 * extracted anew. Thread-safe, but for {@link #close()}.
 */
final class RememberedFeatures implements Backbone {
  private final Backbone backbone;
  private final AtomicLong room;
  private final Map<String, PatchFeatures> views = new ConcurrentHashMap<>();

  /**
   * Remembers nothing yet.
   *
   * @param backbone borrowed
   * @param bytes what the features may take
   */
  RememberedFeatures(Backbone backbone, long bytes) {
    this.backbone = backbone;
    this.room = new AtomicLong(bytes);
  }

  @Override
  public String id() {
    return backbone.id();
  }

  @Override
  public String sha256() {
    return backbone.sha256();
  }

  @Override
  public Map<String, String> settings() {
    return backbone.settings();
  }

  @Override
  public List<String> assumptions() {
    return backbone.assumptions();
  }

  @Override
  public int patchSize() {
    return backbone.patchSize();
  }

  @Override
  public FeatureDims dims() {
    return backbone.dims();
  }

  @Override
  public PatchFeatures extract(Tensor pixels) {
    return extract(pixels, 1);
  }

  @Override
  public PatchFeatures extract(Tensor pixels, int threads) {
    String view = Arrays.toString(pixels.shape()) + Hashes.sha256(pixels.segment());
    PatchFeatures known = views.get(view);
    if (known != null) {
      return borrowed(known);
    }
    PatchFeatures extracted = backbone.extract(pixels, threads);
    if (reserve(bytes(extracted)) && views.putIfAbsent(view, extracted) == null) {
      return borrowed(extracted);
    }
    return extracted;
  }

  private boolean reserve(long bytes) {
    return room.getAndUpdate(left -> left >= bytes ? left - bytes : left) >= bytes;
  }

  private static long bytes(PatchFeatures features) {
    return features.low().segment().byteSize()
        + features.mid().segment().byteSize()
        + features.high().segment().byteSize();
  }

  /** The same features; closing them does nothing. */
  private static PatchFeatures borrowed(PatchFeatures features) {
    return new PatchFeatures(
        features.gridRows(),
        features.gridColumns(),
        borrowed(features.low()),
        borrowed(features.mid()),
        borrowed(features.high()));
  }

  private static Tensor borrowed(Tensor level) {
    return Tensor.borrow(level.segment(), level.dtype(), level.shape());
  }

  /** Frees the features; the backbone stays open. */
  @Override
  public void close() {
    try {
      closeAll(views.values().iterator());
    } finally {
      views.clear();
    }
  }

  /** Each is closed, even if another one fails. */
  private static void closeAll(Iterator<PatchFeatures> features) {
    if (features.hasNext()) {
      PatchFeatures next = features.next();
      try (next) {
        closeAll(features);
      }
    }
  }
}
