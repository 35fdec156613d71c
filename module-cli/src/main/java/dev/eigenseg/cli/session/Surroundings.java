package dev.eigenseg.cli.session;

import java.io.PrintStream;

/**
 * What a command finds around it.
 *
 * @param out standard output
 * @param err standard error
 * @param terminal whether a person is watching, so that progress may be drawn
 * @param cancellation the user's wish to stop
 */
public record Surroundings(
    PrintStream out, PrintStream err, boolean terminal, Cancellation cancellation) {}
