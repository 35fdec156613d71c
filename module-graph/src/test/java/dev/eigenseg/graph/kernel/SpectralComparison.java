package dev.eigenseg.graph.kernel;

import dev.eigenseg.api.Progress;
import dev.eigenseg.api.bank.FeatureBank;
import dev.eigenseg.graph.CpuTime;
import dev.eigenseg.graph.KnnGraph;
import dev.eigenseg.graph.spectral.EigenOptions;
import dev.eigenseg.graph.spectral.Eigenpairs;
import dev.eigenseg.graph.spectral.Eigensolver;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/**
 * Finds the leading eigenvectors of a bank's kernel as {@code eigenseg spectral} does, writes the
 * kernel and what was found as they are in memory, and prints wall and processor seconds, rows and
 * entries, with tabs between: {@code SpectralComparison BANK GRAPH COUNT TOLERANCE THREADS FOLDER}.
 */
final class SpectralComparison {
  private static final long CHUNK_ROWS = 4096;
  private static final double PIXEL_WEIGHT = 0.3;

  private SpectralComparison() {}

  static void main(String[] arguments) throws IOException {
    int threads = Integer.parseInt(arguments[4]);
    EigenOptions options =
        EigenOptions.of(Integer.parseInt(arguments[2]))
            .withTolerance(Double.parseDouble(arguments[3]))
            .withThreads(threads);
    Path folder = Path.of(arguments[5]);
    try (FeatureBank bank = FeatureBank.open(Path.of(arguments[0]));
        KnnGraph graph = KnnGraph.open(Path.of(arguments[1]));
        NormalizedAdjacency kernel =
            BankKernel.of(
                bank,
                graph,
                PIXEL_WEIGHT,
                PixelGraphOptions.DEFAULT,
                Workspace.UNBOUNDED,
                threads,
                Progress.NONE)) {
      write(kernel, folder);
      double processor = CpuTime.seconds();
      long begin = System.nanoTime();
      try (Eigenpairs found = Eigensolver.leading(kernel, options, Progress.NONE)) {
        System.out.printf(
            "%.2f\t%.2f\t%d\t%d%n",
            (System.nanoTime() - begin) * 1e-9,
            CpuTime.seconds() - processor,
            kernel.rows(),
            kernel.entries());
        write(folder.resolve("vectors.f32"), found.vectors().segment());
        write(folder.resolve("values.f64"), MemorySegment.ofArray(found.values()));
      }
    }
  }

  /** Entries as pairs of a column (int32) and a value (float32), and where rows begin (int64). */
  private static void write(NormalizedAdjacency kernel, Path folder) throws IOException {
    SymmetricRows matrix = kernel.matrix();
    long[] pointers = new long[Math.toIntExact(matrix.rows() + 1)];
    for (int row = 0; row < pointers.length; row++) {
      pointers[row] = matrix.pointer(row);
    }
    write(folder.resolve("pointers.i64"), MemorySegment.ofArray(pointers));
    try (FileChannel file = create(folder.resolve("entries.i32f32"))) {
      for (long first = 0; first < matrix.rows(); first += CHUNK_ROWS) {
        long end = Math.min(matrix.rows(), first + CHUNK_ROWS);
        try (SymmetricRows.Window window = matrix.window(first, end)) {
          append(file, window.entries().asSlice(0, window.begin(end) * Long.BYTES));
        }
      }
    }
  }

  private static FileChannel create(Path file) throws IOException {
    return FileChannel.open(
        file,
        StandardOpenOption.CREATE,
        StandardOpenOption.TRUNCATE_EXISTING,
        StandardOpenOption.WRITE);
  }

  private static void write(Path target, MemorySegment numbers) throws IOException {
    try (FileChannel file = create(target)) {
      append(file, numbers);
    }
  }

  private static void append(FileChannel file, MemorySegment numbers) throws IOException {
    for (long done = 0; done < numbers.byteSize(); ) {
      long count = Math.min(1 << 24, numbers.byteSize() - done);
      byte[] some = numbers.asSlice(done, count).toArray(ValueLayout.JAVA_BYTE);
      ByteBuffer bytes = ByteBuffer.wrap(some);
      while (bytes.hasRemaining()) {
        file.write(bytes);
      }
      done += count;
    }
  }
}
