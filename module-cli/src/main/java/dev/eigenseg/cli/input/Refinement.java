package dev.eigenseg.cli.input;

/** Whether a dense CRF refines segments. */
public enum Refinement {
  OFF,
  ON
}
