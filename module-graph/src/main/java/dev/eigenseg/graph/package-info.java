/** The kernel over a feature bank. */
package dev.eigenseg.graph;
