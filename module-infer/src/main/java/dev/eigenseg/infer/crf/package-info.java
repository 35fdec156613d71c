/** The dense conditional random field: mean field over filters on permutohedral lattices. */
package dev.eigenseg.infer.crf;
