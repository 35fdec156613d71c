/**
 * Models against a ground truth, or to look at: {@code match}, {@code evaluate} and {@code report}.
 */
package dev.eigenseg.cli.evaluate;
