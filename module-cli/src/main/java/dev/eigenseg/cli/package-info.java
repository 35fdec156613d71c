/** The entry point: all commands and how they are called. */
package dev.eigenseg.cli;
