package dev.eigenseg.graph;

import dev.eigenseg.api.bank.FeatureBank;
import dev.eigenseg.api.bank.Level;
import dev.eigenseg.api.tensor.DType;
import dev.eigenseg.api.tensor.FeatureRows;
import dev.eigenseg.api.tensor.Tensor;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/**
 * Writes rows as they are in memory, for other libraries: {@code RowsFile FILE clustered ROWS DIM}
 * or {@code RowsFile FILE bank FOLDER}.
 */
final class RowsFile {
  private static final long CHUNK_ROWS = 1024;

  private RowsFile() {}

  static void main(String[] arguments) throws IOException {
    Path file = Path.of(arguments[0]);
    if (arguments[1].equals("bank")) {
      try (FeatureBank bank = FeatureBank.open(Path.of(arguments[2]))) {
        write(file, bank.level(Level.HIGH));
      }
      return;
    }
    try (Tensor rows =
        ClusteredRows.of(Integer.parseInt(arguments[2]), Integer.parseInt(arguments[3]))) {
      write(file, FeatureRows.of(rows));
    }
  }

  private static void write(Path target, FeatureRows rows) throws IOException {
    try (FileChannel file =
            FileChannel.open(
                target,
                StandardOpenOption.CREATE,
                StandardOpenOption.TRUNCATE_EXISTING,
                StandardOpenOption.WRITE);
        Tensor chunk = Tensor.allocate(DType.F32, CHUNK_ROWS, rows.dim())) {
      for (long first = 0; first < rows.rows(); first += CHUNK_ROWS) {
        long count = Math.min(CHUNK_ROWS, rows.rows() - first);
        rows.read(first, count, chunk.segment());
        ByteBuffer bytes =
            chunk.segment().asSlice(0, count * rows.dim() * Float.BYTES).asByteBuffer();
        while (bytes.hasRemaining()) {
          file.write(bytes);
        }
      }
    }
  }
}
