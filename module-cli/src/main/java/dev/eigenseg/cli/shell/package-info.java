/**
 * What shells and {@code man} are told of the commands: {@code generate-completion} and {@code
 * generate-manual}. Both read picocli's model of the commands, so that nothing is written twice.
 */
package dev.eigenseg.cli.shell;
