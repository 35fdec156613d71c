/** The kernel's exact eigenvectors and their pictures: {@code spectral}. */
package dev.eigenseg.cli.spectral;
