package dev.eigenseg.train;

import dev.eigenseg.api.BadInputException;
import dev.eigenseg.api.bank.FeatureBank;
import dev.eigenseg.graph.kernel.Workspace;
import java.nio.file.Path;

/**
 * How cross-batch training divides the memory that it is allowed; all in bytes. Only the first two
 * and {@code kernel} depend on the number of patches.
 *
 * @param outputs psi's last outputs of all patches
 * @param rows a few numbers a patch beside the kernel's entries
 * @param update the batch, weights, activations and gradients of one update
 * @param runtime what the JVM with its heap, and libtorch, take beside the data
 * @param kernel what is left for the kernel's entries; those beyond it go into temporary files
 */
public record TrainingMemory(long outputs, long rows, long update, long runtime, long kernel) {
  // Row pointers of three matrices (two are added up), degrees and a transposition's pointers.
  private static final long BYTES_PER_ROW = 5 * Long.BYTES;
  // Measured, see docs/performance.md: code, libraries, stacks, and what libtorch's allocator
  // keeps.
  private static final long NATIVE_BYTES = 384L << 20;
  // The heap holds little; without -Xmx512m the JVM may let it grow beyond, for speed alone.
  private static final long LARGEST_HEAP = 512L << 20;
  // What a run may take of which nobody said how much, unless it needs more.
  private static final long DEFAULT_BYTES = 2L << 30;
  // Below this a kernel of any size would be cut into crumbs.
  static final long SMALLEST_KERNEL = 48L << 20;
  // Two graphs and their sum.
  private static final int MATRICES = 3;

  /**
   * Plans a cross-batch run.
   *
   * @throws BadInputException if it needs more than the {@link TrainingOptions.Run#memory} that is
   *     allowed; without a limit it is given 2 GiB, or what it needs if the machine has that
   */
  public static TrainingMemory plan(FeatureBank bank, TrainingOptions options) {
    long outputs =
        Math.multiplyExact(
            bank.rows(),
            Math.multiplyExact((long) options.clusters(), options.kernel().outputsDtype().bytes()));
    long rows = Math.multiplyExact(bank.rows(), BYTES_PER_ROW);
    long update = PsiMemory.of(bank, options).bytes();
    long runtime = runtimeBytes();
    long fixed = Math.addExact(Math.addExact(outputs, rows), Math.addExact(update, runtime));
    long least = Math.addExact(fixed, SMALLEST_KERNEL);
    requireMachine(bank, options, least - runtime);
    long allowed = options.run().memory().orElse(Math.max(DEFAULT_BYTES, least));
    long kernel = allowed - fixed;
    if (kernel < SMALLEST_KERNEL) {
      throw new BadInputException(
          ("memory is %d MiB, but %d patches with %d clusters in batches of %d images need at "
                  + "least %d MiB; allow more, or lower %s")
              .formatted(
                  allowed >> 20,
                  bank.rows(),
                  options.clusters(),
                  options.schedule().batchSize(),
                  (least >> 20) + 1,
                  PsiMemory.widths(options.psi(bank.manifest().dims()))));
    }
    return new TrainingMemory(outputs, rows, update, runtime, kernel);
  }

  /**
   * Checks that an in-batch run has room: its graphs are small, psi need not be.
   *
   * @throws BadInputException as {@link #plan}
   */
  static void requireInBatch(FeatureBank bank, TrainingOptions options) {
    long update = PsiMemory.of(bank, options).bytes();
    long allowed = options.run().memory().orElse(Long.MAX_VALUE);
    if (update + runtimeBytes() > allowed) {
      throw new BadInputException(
          "memory is %d MiB, but an update of psi with %d clusters in batches of %d images needs %d MiB; allow more, or lower %s"
              .formatted(
                  allowed >> 20,
                  options.clusters(),
                  options.schedule().batchSize(),
                  ((update + runtimeBytes()) >> 20) + 1,
                  PsiMemory.widths(options.psi(bank.manifest().dims()))));
    }
    requireMachine(bank, options, update);
  }

  private static long runtimeBytes() {
    return NATIVE_BYTES + Math.min(LARGEST_HEAP, Runtime.getRuntime().maxMemory());
  }

  // Whoever names the memory knows what the machine has; on a GPU this is not the memory in
  // question.
  private static void requireMachine(FeatureBank bank, TrainingOptions options, long needed) {
    if (options.run().memory().isPresent() || !options.run().device().equals("cpu")) {
      return;
    }
    long available = MachineMemory.available();
    if (needed > available) {
      throw new BadInputException(
          ("not enough memory: psi with %d weights, their gradients and Adam's moments, and a batch"
                  + " of %d images need %d MiB, and the machine has %d MiB to give; lower %s")
              .formatted(
                  PsiMemory.of(bank, options).weights(),
                  options.schedule().batchSize(),
                  (needed >> 20) + 1,
                  available >> 20,
                  PsiMemory.widths(options.psi(bank.manifest().dims()))));
    }
  }

  /** Where one of the kernel's matrices is made. */
  Workspace matrix(Path folder) {
    return new Workspace(folder, kernel).share(MATRICES);
  }

  /** All of it. */
  public long total() {
    return outputs + rows + update + runtime + kernel;
  }
}
