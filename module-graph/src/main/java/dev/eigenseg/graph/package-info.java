/**
 * The nearest-neighbour graph of a bank: its file, how it is built, and the engines that search.
 */
package dev.eigenseg.graph;
