/** Leading eigenvectors of a kernel over patches: what psi's eigenfunctions approximate. */
package dev.eigenseg.graph.spectral;
