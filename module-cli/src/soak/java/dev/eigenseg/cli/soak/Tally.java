package dev.eigenseg.cli.soak;

import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.LongAdder;

/** What happened, how often; and when somebody last got on. Thread-safe. */
final class Tally {
  private static final int MOST_SHOWN = 20;

  private final Map<String, LongAdder> counts = new ConcurrentHashMap<>();
  private final Map<String, Long> lastProgress = new ConcurrentHashMap<>();
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
    lastProgress.put(who, System.nanoTime());
  }

  /** Who got nowhere for so long, and for how many seconds. */
  Map<String, Long> stuck(long seconds) {
    Map<String, Long> stuck = new TreeMap<>();
    long now = System.nanoTime();
    lastProgress.forEach((who, last) -> {
      long since = (now - last) / 1_000_000_000;
      if (since >= seconds) {
        stuck.put(who, since);
      }
    });
    return stuck;
  }
}
