/**
 * Segmentation without any native library: psi, the built-in backbone and the upsampling on the
 * Vector API over mapped weights.
 *
 * @provides dev.eigenseg.api.spi.SegmenterLoader for segmenter files
 * @provides dev.eigenseg.api.spi.BackboneProvider for the specifications {@code descriptor} and
 *     {@code vit:FILE.safetensors}
 */
module dev.eigenseg.infer {
  requires transitive dev.eigenseg.api;
  requires com.google.gson;
  requires jdk.incubator.vector;

  exports dev.eigenseg.infer;
  exports dev.eigenseg.infer.psi to
      dev.eigenseg.train;
  exports dev.eigenseg.infer.segment to
      dev.eigenseg.train;
  exports dev.eigenseg.infer.vit to
      dev.eigenseg.train,
      dev.eigenseg.cli;

  provides dev.eigenseg.api.spi.SegmenterLoader with
      dev.eigenseg.infer.segment.SafetensorsSegmenterLoader;
  provides dev.eigenseg.api.spi.BackboneProvider with
      dev.eigenseg.infer.descriptor.DescriptorProvider,
      dev.eigenseg.infer.vit.VitProvider;
}
