/**
 * Images with ground truth, to name clusters by and to score.
 *
 * <p>{@link dev.eigenseg.train.dataset.Datasets} opens a split of a collection by its name: those
 * of the paper in their published layouts, or a {@link dev.eigenseg.train.dataset.FolderDataset} of
 * one's own with images, label maps and {@code classes.json}. A {@link
 * dev.eigenseg.train.dataset.Dataset} knows its classes, and gives for each {@link
 * dev.eigenseg.train.dataset.Sample} a {@link dev.eigenseg.train.dataset.LabelMap} of indices,
 * whatever values or colours its files hold. {@link dev.eigenseg.train.dataset.DatasetCheck} looks
 * into all files before hours of work, and lists everything that is missing or odd. {@link
 * dev.eigenseg.train.dataset.GeneratedScenes} draws scenes whose truth is known, for trials without
 * any download.
 */
package dev.eigenseg.train.dataset;
