/**
 * Images to a bank, a bank to its graph: {@code extract}, {@code graph} and {@code graph merge}.
 */
package dev.eigenseg.cli.bank;
