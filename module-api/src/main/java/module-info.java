/**
 * What users of Eigenseg see: segmenters and their results, backbones, off-heap tensors, feature
 * banks, and the service interfaces through which engines are plugged in.
 *
 * @uses dev.eigenseg.api.spi.SegmenterLoader to open segmenter files
 * @uses dev.eigenseg.api.spi.BackboneProvider to open backbones by their specification
 */
module dev.eigenseg.api {
  requires transitive java.desktop; // BufferedImage is the image type of the API
  requires transitive com.google.gson; // provenance is handed over as JSON
  requires jdk.incubator.vector;

  exports dev.eigenseg.api;
  exports dev.eigenseg.api.tensor;
  exports dev.eigenseg.api.bank;
  exports dev.eigenseg.api.mask;
  exports dev.eigenseg.api.spi;
  exports dev.eigenseg.api.internal.kernel to
      dev.eigenseg.graph,
      dev.eigenseg.infer,
      dev.eigenseg.train,
      dev.eigenseg.cli;
  exports dev.eigenseg.api.internal.file to
      dev.eigenseg.graph,
      dev.eigenseg.infer,
      dev.eigenseg.train,
      dev.eigenseg.cli;
  exports dev.eigenseg.api.internal.resource to
      dev.eigenseg.graph,
      dev.eigenseg.infer,
      dev.eigenseg.train,
      dev.eigenseg.cli;
  exports dev.eigenseg.api.internal.service to
      dev.eigenseg.graph;

  uses dev.eigenseg.api.spi.SegmenterLoader;
  uses dev.eigenseg.api.spi.BackboneProvider;
}
