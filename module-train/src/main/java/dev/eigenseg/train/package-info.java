/** Learning eigenfunctions. */
package dev.eigenseg.train;
