/** Images to label maps: {@code segment}. */
package dev.eigenseg.cli.segment;
