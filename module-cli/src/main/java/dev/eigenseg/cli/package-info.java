/** The commands. */
package dev.eigenseg.cli;
