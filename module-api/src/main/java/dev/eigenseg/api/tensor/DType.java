package dev.eigenseg.api.tensor;

/** Element types of tensors, little-endian in files, native order in memory. */
public enum DType {
  /** IEEE 754 binary32. */
  F32(4),
  /** IEEE 754 binary16. */
  F16(2),
  /** bfloat16: the upper half of a binary32. */
  BF16(2),
  /** 32-bit integers. */
  I32(4),
  /** 64-bit integers. */
  I64(8),
  /** Unsigned bytes. */
  U8(1);

  private final int bytes;

  DType(int bytes) {
    this.bytes = bytes;
  }

  /** The size of one element in bytes. */
  public int bytes() {
    return bytes;
  }
}
