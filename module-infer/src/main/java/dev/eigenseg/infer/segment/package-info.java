/** From patch outputs to a cluster for every pixel: upsampling, windows, views, refinement. */
package dev.eigenseg.infer.segment;
