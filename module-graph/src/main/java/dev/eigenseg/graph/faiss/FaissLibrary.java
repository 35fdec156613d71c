package dev.eigenseg.graph.faiss;

/**
 * The native functions, one Java method each; nothing is checked here. Addresses are those of
 * off-heap memory that the caller owns. Failures of FAISS are {@link
 * dev.eigenseg.api.EigensegException}s with its own text. {@link FaissNatives} loads the library.
 */
final class FaissLibrary {
  private FaissLibrary() {}

  /** The version of FAISS that the shim was compiled for, such as {@code "1.7.3"}. */
  static native String version();

  /** The version that runs; before 1.9, which does not say, that of {@link #version}. */
  static native String boundVersion();

  /** How the BLAS describes itself. */
  static native String blas();

  /** OpenMP threads of calls from this thread. */
  static native int threads();

  /** Sets the OpenMP threads of calls from this thread. */
  static native void useThreads(int threads);

  /** CUDA devices; 0 without GPU support. */
  static native int gpuCount();

  /** {@code c = a b} of square matrices. */
  static native void multiply(int side, long a, long b, long c);

  /** An exact index by inner product; freed by {@link #free}. */
  static native long newFlat(int dim);

  /** An index of inverted lists; {@code half} keeps rows as float16. */
  static native long newIvf(int dim, int lists, boolean half);

  /** A navigable small-world graph. */
  static native long newHnsw(int dim, int links, int efConstruction);

  static native void free(long index);

  static native void train(long index, long rows, long data);

  static native void add(long index, long rows, long data);

  static native void useProbes(long index, int probes);

  static native void useEfSearch(long index, int efSearch);

  /** The k best of every query, by falling inner product; ids are i64, -1 where there are fewer. */
  static native void search(
      long index, long rows, long queries, int k, long similarities, long ids);

  /** What GPUs need of their own for searches; freed by {@link #freeGpu}. */
  static native long newGpu();

  static native void freeGpu(long gpu);

  /** The k best rows of a tile for each query, on a CUDA device; all memory is the host's. */
  static native void searchOnGpu(
      long gpu,
      int device,
      int dim,
      long tile,
      long tileRows,
      long queries,
      long queryRows,
      int k,
      long similarities,
      long ids);
}
