/** The embedded engine: exact or by inverted lists, its products on the Vector API. */
package dev.eigenseg.graph.vector;
