/**
 * The kernel over a feature bank: nearest neighbours across images, the normalised adjacencies, and
 * k-means.
 *
 * @provides dev.eigenseg.api.spi.KnnEngine the embedded Vector API engine, the same with a BLAS,
 *     and FAISS through JNI
 * @uses dev.eigenseg.api.spi.KnnEngine to find the engines that are installed
 */
module dev.eigenseg.graph {
  requires transitive dev.eigenseg.api;
  requires com.google.gson;
  requires ejml.core;
  requires ejml.ddense;
  requires jdk.incubator.vector;

  exports dev.eigenseg.graph;
  exports dev.eigenseg.graph.kernel;
  exports dev.eigenseg.graph.kmeans;
  exports dev.eigenseg.graph.plan;
  exports dev.eigenseg.graph.spectral;

  uses dev.eigenseg.api.spi.KnnEngine;

  provides dev.eigenseg.api.spi.KnnEngine with
      dev.eigenseg.graph.vector.VectorKnnEngine,
      dev.eigenseg.graph.blas.BlasKnnEngine,
      dev.eigenseg.graph.faiss.FaissKnnEngine;
}
