package dev.eigenseg.graph.kernel;

import java.nio.file.Path;
import java.util.Objects;

/**
 * What making a matrix may take. A matrix that fits stays in memory; another one is made piece by
 * piece in temporary files, and read from there through windows. The result has the same bytes.
 *
 * @param folder for temporary files; they have no name, so that nothing is left of them however the
 *     process ends (on Windows, unless it is killed)
 * @param bytes of memory outside the heap, beside a few numbers a row
 */
public record Workspace(Path folder, long bytes) {
  /** Everything stays in memory. */
  public static final Workspace UNBOUNDED =
      new Workspace(Path.of(System.getProperty("java.io.tmpdir")), Long.MAX_VALUE);

  /** Checks the range. */
  public Workspace {
    Objects.requireNonNull(folder);
    if (bytes < 1) {
      throw new IllegalArgumentException("a workspace of " + bytes + " bytes");
    }
  }

  /** The same folder with a fraction of the memory, for one of several matrices. */
  public Workspace share(int parts) {
    return new Workspace(folder, Math.max(1, bytes / parts));
  }
}
