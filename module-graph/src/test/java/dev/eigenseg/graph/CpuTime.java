package dev.eigenseg.graph;

import java.util.List;

/** Processor time of all threads, native ones as well: what other processes take is not in it. */
public final class CpuTime {
  private CpuTime() {}

  /** Of this process since its start. */
  public static double seconds() {
    return ProcessHandle.current().info().totalCpuDuration().orElseThrow().toMillis() * 1e-3;
  }

  /** The middle of some figures, the upper one of two. */
  public static double median(List<Double> values) {
    return values.stream().sorted().skip(values.size() / 2).findFirst().orElseThrow();
  }
}
