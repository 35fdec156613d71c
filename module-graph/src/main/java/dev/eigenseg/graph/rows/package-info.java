/**
 * Rows of features prepared for a search, the best neighbours of each while it runs, and the true
 * ones of a sample.
 */
package dev.eigenseg.graph.rows;
