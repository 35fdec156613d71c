/** Label maps in the forms of other tools. */
package dev.eigenseg.cli.mask;
