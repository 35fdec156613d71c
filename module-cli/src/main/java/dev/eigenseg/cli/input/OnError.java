package dev.eigenseg.cli.input;

/** What to do about an input that cannot be used. */
enum OnError {
  /** Leave it out, list it at the end, and end with exit code 1. */
  SKIP,
  /** Stop; what was finished before is kept. */
  FAIL
}
