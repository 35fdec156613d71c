/**
 * One run of a command: where its messages, progress, tables and JSON go, and how it fails or is
 * stopped.
 */
package dev.eigenseg.cli.session;
