package dev.eigenseg.infer.vit;

import java.util.List;

/**
 * How a tensor of the network is put together from those of a file: their rows, one below the
 * other.
 *
 * @param parts at least one
 */
record TensorParts(List<Part> parts) {
  /**
   * Some rows.
   *
   * @param name of the tensor in the file, or empty for zeros
   * @param first of the rows
   * @param rows how many, or {@link #ALL}
   */
  record Part(String name, long first, long rows) {
    static final long ALL = -1;

    static Part all(String name) {
      return new Part(name, 0, ALL);
    }

    static Part zeros(long rows) {
      return new Part("", 0, rows);
    }

    boolean isZeros() {
      return name.isEmpty();
    }
  }

  static TensorParts of(Part... parts) {
    return new TensorParts(List.of(parts));
  }

  /** Whether this is a tensor of the file, as it is. */
  boolean whole() {
    return parts.size() == 1 && !parts.getFirst().isZeros() && parts.getFirst().rows() == Part.ALL;
  }
}
