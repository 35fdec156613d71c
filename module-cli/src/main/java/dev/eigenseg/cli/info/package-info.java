/** What was found on this machine, or is in a file: {@code info}. */
package dev.eigenseg.cli.info;
