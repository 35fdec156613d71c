/**
 * Approximate neighbours by inverted lists (IVF, Sivic and Zisserman 2003) for the self-join: rows
 * are grouped by k-means, every row looks into the lists nearest to it, and products are computed
 * for all the rows that look into a list together.
 */
package dev.eigenseg.graph.ivf;
