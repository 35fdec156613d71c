/** The eigenfunction network psi on the Vector API. */
package dev.eigenseg.infer.psi;
