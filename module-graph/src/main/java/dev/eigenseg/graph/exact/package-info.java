/** The exact search: a symmetric self-join in tiles that can be stopped, resumed and divided. */
package dev.eigenseg.graph.exact;
