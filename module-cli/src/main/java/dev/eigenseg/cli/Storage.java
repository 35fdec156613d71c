package dev.eigenseg.cli;

import dev.eigenseg.api.tensor.DType;

/** Numbers as they are stored, by the names that people type. */
enum Storage {
  F32,
  F16;

  DType dtype() {
    return DType.valueOf(name());
  }
}
