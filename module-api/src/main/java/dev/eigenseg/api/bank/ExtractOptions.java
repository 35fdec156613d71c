package dev.eigenseg.api.bank;

import dev.eigenseg.api.Backbone;
import dev.eigenseg.api.ImageGeometry;
import dev.eigenseg.api.Images;
import dev.eigenseg.api.tensor.DType;
import java.util.Optional;

/**
 * How images become a bank.
 *
 * @param size to which every image is resized; each keeps its own if there is none
 * @param border what becomes of sides that are no multiple of the backbone's patch
 * @param bands of a file that are taken for red, green and blue; by default the image as it is
 *     shown
 * @param dtype {@link DType#F32} or {@link DType#F16}, in which features are stored
 * @param views of each image
 * @param spec under which the bank remembers its backbone, so that it can be opened again; the
 *     backbone's id if there is none
 * @param device on which the backbone runs, for the provenance
 * @param seed for the provenance: what is drawn of views depends on it
 * @param threads images that are worked on at a time
 * @param skip whether an image that cannot be used is left out; otherwise it ends the extraction,
 *     with those before it in the bank
 * @param overwrite whether a bank that is there already is deleted first; otherwise it is continued
 */
public record ExtractOptions(
    Optional<ImageGeometry.Size> size,
    ImageGeometry.Border border,
    Optional<Images.Bands> bands,
    DType dtype,
    BankViews views,
    Optional<String> spec,
    String device,
    long seed,
    int threads,
    boolean skip,
    boolean overwrite) {
  /** Images at their own size, float32, on the CPU, as many at a time as there are processors. */
  public static final ExtractOptions DEFAULT =
      new ExtractOptions(
          Optional.empty(),
          ImageGeometry.Border.FIT,
          Optional.empty(),
          DType.F32,
          BankViews.PLAIN,
          Optional.empty(),
          "cpu",
          0,
          Runtime.getRuntime().availableProcessors(),
          false,
          false);

  /** Checks that there is a thread. */
  public ExtractOptions {
    if (threads < 1) {
      throw new IllegalArgumentException("at least one thread, not " + threads);
    }
  }

  /** What must be equal for the features of other images to stand in a bank that is made so. */
  public BankSettings settings(Backbone backbone) {
    return new BankSettings(
        backbone.id(),
        backbone.sha256(),
        spec.orElse(backbone.id()),
        backbone.settings(),
        backbone.dims(),
        dtype,
        new ImageGeometry(size, backbone.patchSize(), border, bands),
        views.settings());
  }

  /** The same with every image resized. */
  public ExtractOptions withSize(int width, int height) {
    return withSize(Optional.of(new ImageGeometry.Size(width, height)));
  }

  /** The same with another {@link #size}. */
  public ExtractOptions withSize(Optional<ImageGeometry.Size> value) {
    return new ExtractOptions(
        value, border, bands, dtype, views, spec, device, seed, threads, skip, overwrite);
  }

  /** The same with another {@link #border}. */
  public ExtractOptions withBorder(ImageGeometry.Border value) {
    return new ExtractOptions(
        size, value, bands, dtype, views, spec, device, seed, threads, skip, overwrite);
  }

  /** The same with other {@link #bands}. */
  public ExtractOptions withBands(Optional<Images.Bands> value) {
    return new ExtractOptions(
        size, border, value, dtype, views, spec, device, seed, threads, skip, overwrite);
  }

  /** The same with another {@link #dtype}. */
  public ExtractOptions withDtype(DType value) {
    return new ExtractOptions(
        size, border, bands, value, views, spec, device, seed, threads, skip, overwrite);
  }

  /** The same with other {@link #views}. */
  public ExtractOptions withViews(BankViews value) {
    return new ExtractOptions(
        size, border, bands, dtype, value, spec, device, seed, threads, skip, overwrite);
  }

  /** The same with a backbone that was opened by a specification, on a device. */
  public ExtractOptions withBackbone(String newSpec, String newDevice) {
    return new ExtractOptions(
        size,
        border,
        bands,
        dtype,
        views,
        Optional.of(newSpec),
        newDevice,
        seed,
        threads,
        skip,
        overwrite);
  }

  /** The same with another {@link #seed}. */
  public ExtractOptions withSeed(long value) {
    return new ExtractOptions(
        size, border, bands, dtype, views, spec, device, value, threads, skip, overwrite);
  }

  /** The same with other {@link #threads}. */
  public ExtractOptions withThreads(int value) {
    return new ExtractOptions(
        size, border, bands, dtype, views, spec, device, seed, value, skip, overwrite);
  }

  /** The same with or without {@link #skip}. */
  public ExtractOptions withSkip(boolean value) {
    return new ExtractOptions(
        size, border, bands, dtype, views, spec, device, seed, threads, value, overwrite);
  }

  /** The same with or without {@link #overwrite}. */
  public ExtractOptions withOverwrite(boolean value) {
    return new ExtractOptions(
        size, border, bands, dtype, views, spec, device, seed, threads, skip, value);
  }
}
