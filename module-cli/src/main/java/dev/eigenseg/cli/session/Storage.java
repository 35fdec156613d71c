package dev.eigenseg.cli.session;

import dev.eigenseg.api.tensor.DType;

/** Numbers as they are stored, by the names that people type. */
public enum Storage {
  F32,
  F16;

  public DType dtype() {
    return DType.valueOf(name());
  }
}
