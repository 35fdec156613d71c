/**
 * Learning eigenfunctions with DJL PyTorch, backbones on DJL, datasets with ground truth, and
 * evaluation.
 *
 * @provides dev.eigenseg.api.spi.BackboneProvider backbones in TorchScript, and Vision Transformers
 *     on a GPU
 */
module dev.eigenseg.train {
  requires transitive dev.eigenseg.api;
  requires transitive dev.eigenseg.graph;
  requires transitive dev.eigenseg.infer;
  requires com.google.gson;
  requires ai.djl.api;
  requires org.slf4j; // read by DJL, an automatic module that cannot say so
  requires org.jgrapht.core;
  requires java.management;
  requires jdk.management; // how much memory the machine has

  exports dev.eigenseg.train;
  exports dev.eigenseg.train.dataset;
  exports dev.eigenseg.train.evaluation;
  exports dev.eigenseg.train.study to
      dev.eigenseg.cli;

  provides dev.eigenseg.api.spi.BackboneProvider with
      dev.eigenseg.train.torchscript.TorchScriptProvider,
      dev.eigenseg.train.vit.TorchVitProvider;

  opens dev.eigenseg.train to
      com.google.gson; // the records of a checkpoint
}
