/**
 * Joining all rows with all in little memory: rows are cut into strips, pairs of strips are units
 * of work, and the candidates of two strips are in memory while a file keeps those of the others,
 * so that a search can be stopped, resumed and divided.
 */
package dev.eigenseg.graph.strips;
