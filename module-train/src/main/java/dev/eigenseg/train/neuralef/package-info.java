/**
 * The mathematics of a training step on DJL: psi, its outputs, the objective, the optimiser. Not
 * exported.
 */
package dev.eigenseg.train.neuralef;
