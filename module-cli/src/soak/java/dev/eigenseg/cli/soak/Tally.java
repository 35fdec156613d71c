package dev.eigenseg.cli.soak;

import com.sun.management.OperatingSystemMXBean;
import java.lang.management.ManagementFactory;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.LongAdder;

/** What happened, how often; and when somebody last got on. Thread-safe. */
final class Tally {
  private static final int MOST_SHOWN = 20;

  private final Map<String, LongAdder> counts = new ConcurrentHashMap<>();
  private final Map<String, Moment> lastProgress = new ConcurrentHashMap<>();
  private final LongAdder wrong = new LongAdder();

  void count(String what) {
    counts.computeIfAbsent(what, w -> new LongAdder()).increment();
  }

  long of(String what) {
    LongAdder count = counts.get(what);
    return count == null ? 0 : count.sum();
  }

  /** Something that must not be; the first of them are shown. */
  void wrong(String what, Throwable cause) {
    wrong.increment();
    if (wrong.sum() <= MOST_SHOWN) {
      System.out.println("soak: WRONG: " + what);
      if (cause != null) {
        cause.printStackTrace(System.out);
      }
    }
  }

  long wrong() {
    return wrong.sum();
  }

  void progressed(String who) {
    lastProgress.put(who, Moment.now());
  }

  /**
   * Who got nowhere while this process had its processors for so long, or ten times as long by the
   * clock: on a machine that others use, or while it is stopped, it has little of them.
   *
   * @return seconds of the processors, and by the clock
   */
  Map<String, String> stuck(long seconds) {
    Map<String, String> stuck = new TreeMap<>();
    Moment now = Moment.now();
    lastProgress.forEach((who, last) -> {
      long ran = (now.ranNanos - last.ranNanos) / 1_000_000_000;
      long since = (now.nanos - last.nanos) / 1_000_000_000;
      if (ran >= seconds || since >= 10 * seconds) {
        stuck.put(who, "%d of %d".formatted(ran, since));
      }
    });
    return stuck;
  }

  /**
   * A moment by two clocks.
   *
   * @param nanos the system's
   * @param ranNanos processor time of this process, divided by processors
   */
  private record Moment(long nanos, long ranNanos) {
    private static final OperatingSystemMXBean SYSTEM =
        (OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean();
    private static final int PROCESSORS = SYSTEM.getAvailableProcessors();

    static Moment now() {
      long ran = SYSTEM.getProcessCpuTime() / PROCESSORS;
      return new Moment(System.nanoTime(), ran);
    }
  }
}
