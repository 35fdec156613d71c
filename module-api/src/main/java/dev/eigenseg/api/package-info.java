/**
 * Segmenting images, and what it is made of.
 *
 * <p><b>The way of an image.</b> {@link dev.eigenseg.api.Images} reads it, as viewers show it. An
 * {@link dev.eigenseg.api.ImageGeometry} makes whole patches of it. A {@link
 * dev.eigenseg.api.Backbone} describes each patch by {@link dev.eigenseg.api.PatchFeatures}. A
 * trained model makes {@link dev.eigenseg.api.PatchLogits} of these, one number for each cluster.
 * Upsampled to pixels, the largest one decides: that is a {@link dev.eigenseg.api.Segmentation},
 * with the names that a matching gave to the clusters, if there was one. A {@link
 * dev.eigenseg.api.Segmenter} goes all the way in one call:
 *
 * <pre>{@code
 * try (Segmenter segmenter = Segmenter.load(Path.of("model.safetensors"))) {
 *   Segmentation segments = segmenter.segment(Path.of("street.jpg"));
 *   segments.shares().forEach(System.out::println);
 *   segments.writeIndexPng(Path.of("street.png"));
 * }
 * }</pre>
 *
 * <p><b>Starting Java.</b> Loading needs the module {@code dev.eigenseg.infer} beside this one, and
 * on the class path the option {@code --add-modules jdk.incubator.vector}.
 *
 * <p><b>How a call is made.</b> {@link dev.eigenseg.api.SegmentOptions} say how an image is looked
 * at: windows, views, refinement, threads. A {@link dev.eigenseg.api.Progress} follows a call, a
 * {@link dev.eigenseg.api.Cancellation} or an interrupt ends it. {@link
 * dev.eigenseg.api.SegmentBatch} takes many images in bounded memory.
 *
 * <p><b>What comes out.</b> Pixels in bulk, PNG, shares, and masks as COCO reads them ({@link
 * dev.eigenseg.api.mask}); logits and probabilities, of patches and of pixels.
 *
 * <p><b>Ownership.</b> What lives outside the heap has one owner, which is {@link
 * java.lang.AutoCloseable} and says "Owns"; arguments are borrowed for the call unless it says
 * otherwise. Segmenters and backbones are thread-safe, options and results immutable.
 *
 * <p><b>Errors</b> are unchecked, below {@link dev.eigenseg.api.EigensegException}; failures of the
 * file system stay {@link java.io.IOException}s.
 */
package dev.eigenseg.api;
