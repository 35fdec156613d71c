package dev.eigenseg.graph.plan;

/**
 * Machines that see one disk over their network. Each computes one part at a time with all its
 * cores, and keeps that part's candidates on a disk of its own.
 *
 * @param count how many there are
 * @param cores of each
 * @param parts shares of the search
 * @param diskRate bytes a second of a machine's own disk
 * @param networkRate bytes a second between a machine and the shared disk
 * @param spread of the times of equal tasks: the standard deviation of their logarithm
 * @param failures of a machine, an hour; a part that was computed there begins anew
 */
public record Machines(
    int count,
    int cores,
    int parts,
    double diskRate,
    double networkRate,
    double spread,
    double failures) {
  /** A spread that busy machines have. */
  public static final double SPREAD = 0.15;

  /** One failure of a machine in six weeks. */
  public static final double FAILURES = 0.001;

  private static final int PARTS_OF_MACHINE = 2;

  /** Checks the numbers. */
  public Machines {
    if (count < 1 || cores < 1 || parts < 1) {
      throw new IllegalArgumentException(
          "%d machines, %d cores, %d parts: there is at least one of each"
              .formatted(count, cores, parts));
    }
    if (!(diskRate > 0 && networkRate > 0 && spread >= 0 && failures >= 0)) {
      throw new IllegalArgumentException(
          "rates are above 0: %g and %g bytes a second".formatted(diskRate, networkRate));
    }
  }

  /** The parts of so many machines, unless the user says otherwise: few, as each costs room. */
  public static int partsFor(int machines) {
    return machines == 1 ? 1 : Math.multiplyExact(PARTS_OF_MACHINE, machines);
  }

  /**
   * Bytes a second between a machine and the disk that all see, which is its own if it is alone.
   */
  double sharedRate() {
    return count == 1 ? diskRate : networkRate;
  }

  /**
   * Seconds until a task of so many has run without a failure, on average. One machine goes on
   * where it was, since its candidates are still there.
   */
  double withFailures(double seconds) {
    double rate = failures / 3600;
    return rate == 0 || count == 1 ? seconds : Math.expm1(rate * seconds) / rate;
  }
}
