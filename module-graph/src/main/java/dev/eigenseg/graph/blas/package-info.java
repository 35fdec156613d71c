/**
 * Exact search with the products of a BLAS that this machine has: OpenBLAS, or the one inside DJL's
 * libtorch, called through the Foreign Function &amp; Memory API.
 */
package dev.eigenseg.graph.blas;
