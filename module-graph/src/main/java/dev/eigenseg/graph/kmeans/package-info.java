/** K-means over rows that may be larger than memory, and how densely they lie. */
package dev.eigenseg.graph.kmeans;
