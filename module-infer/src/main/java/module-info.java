/**
 * Segmentation without any native library: psi, the built-in backbone and the upsampling on the Vector API over mapped weights.
 */
module dev.eigenseg.infer {
  requires transitive dev.eigenseg.api;
  requires com.google.gson;
  requires jdk.incubator.vector;

  exports dev.eigenseg.infer;
}
