/**
 * Learning to segment, from photographs without labels.
 *
 * <p><b>All in one.</b> A {@link dev.eigenseg.train.Pipeline} keeps a folder: it extracts features
 * of photographs into a bank, builds the graph, trains and segments, and each step goes on where it
 * was stopped.
 *
 * <p><b>Step by step.</b> {@link dev.eigenseg.train.Trainer} learns psi, whose outputs approximate
 * the leading eigenfunctions of the kernel over all patches, and writes it as a segmenter file;
 * {@link dev.eigenseg.train.KMeansTrainer} clusters features, or a trained psi's hidden ones.
 * {@link dev.eigenseg.train.TrainingOptions} are all that a run can be told, {@link
 * dev.eigenseg.train.FittingDefaults} what fits a bank, with the reasons, and a {@link
 * dev.eigenseg.train.Preset} what was published for a dataset. {@link
 * dev.eigenseg.train.ClusterMerging} finds in which order a model's clusters merge, so that few
 * segments can be had of many.
 *
 * <p><b>Memory and stops.</b> {@link dev.eigenseg.train.TrainingMemory} says beforehand what a run
 * takes. A run keeps a checkpoint beside the model, and a cancelled one goes on from it when it is
 * given again.
 *
 * <p>The libraries of DJL and libtorch are used inside and named by no signature. What is trained
 * here runs without them, by {@code dev.eigenseg.infer} alone.
 */
package dev.eigenseg.train;
