/** Tables of the paper, run again: {@code reproduce}. */
package dev.eigenseg.cli.study;
