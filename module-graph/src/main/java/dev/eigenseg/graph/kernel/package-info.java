/**
 * The kernel over a bank: normalised adjacencies of features and pixels as sparse symmetric rows,
 * and their products.
 */
package dev.eigenseg.graph.kernel;
