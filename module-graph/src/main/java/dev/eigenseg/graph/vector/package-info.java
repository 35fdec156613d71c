/**
 * The embedded exact nearest-neighbour engine: a symmetric self-join in tiles on the Vector API.
 */
package dev.eigenseg.graph.vector;
