/**
 * Learning eigenfunctions and k-means segmenters from a feature bank, and backbones in TorchScript.
 */
package dev.eigenseg.train;
