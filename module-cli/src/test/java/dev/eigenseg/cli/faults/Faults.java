package dev.eigenseg.cli.faults;

import ai.djl.engine.EngineException;
import ai.djl.ndarray.NDManager;
import ai.djl.util.NativeResource;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.channels.Channel;
import java.util.Map;
import java.util.Optional;
import java.util.Queue;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;

/**
 * What the calls that {@link FaultLoader} has rewritten go through: counts them by their site,
 * throws in one of them, and knows what was opened and is still open. Thread-safe, one run at a
 * time.
 */
public final class Faults {
  private static final Map<String, AtomicInteger> CALLS = new ConcurrentHashMap<>();
  private static final Queue<Opened> OPENED = new ConcurrentLinkedQueue<>();
  private static final Map<Long, String> HANDLES = new ConcurrentHashMap<>();
  private static final AtomicReference<Throwable> THROWN = new AtomicReference<>();

  private static volatile String site = "";
  private static volatile int call;

  private Faults() {}

  private record Opened(Object what, String site) {
    boolean live() {
      return switch (what) {
        case Arena arena -> arena.scope().isAlive();
        case Channel channel -> channel.isOpen();
        case NDManager manager -> manager.isOpen();
        case NativeResource<?> array -> !array.isReleased();
        default -> throw new IllegalStateException(what.getClass() + " opened at " + site);
      };
    }
  }

  /** Begins a run without a fault. */
  static void begin() {
    begin("", 0);
  }

  /**
   * Begins a run: forgets all counts and whatever is open.
   *
   * @param nth which call of the site throws, from 1
   */
  static void begin(String where, int nth) {
    CALLS.clear();
    OPENED.clear();
    HANDLES.clear();
    THROWN.set(null);
    call = nth;
    site = where;
  }

  /** How often each site was passed since the run began. */
  static Map<String, Integer> calls() {
    Map<String, Integer> calls = new TreeMap<>();
    CALLS.forEach((where, count) -> calls.put(where, count.get()));
    return calls;
  }

  /** What was thrown since the run began. */
  static Optional<Throwable> thrown() {
    return Optional.ofNullable(THROWN.get());
  }

  /** What is open that was opened since the run began: how many, by kind and site. */
  static Map<String, Integer> live() {
    Map<String, Integer> live = new TreeMap<>();
    for (Opened opened : OPENED) {
      if (opened.live()) {
        live.merge(
            opened.what().getClass().getSimpleName() + " of " + opened.site(), 1, Integer::sum);
      }
    }
    HANDLES.values().forEach(where -> live.merge("handle of " + where, 1, Integer::sum));
    return live;
  }

  /** Before a call that takes memory, or enters native code. */
  public static void memory(String where) {
    if (hit(where)) {
      OutOfMemoryError error = new OutOfMemoryError("injected at " + where);
      THROWN.set(error);
      throw error;
    }
  }

  /** Before a call that works on a file. */
  public static void file(String where) throws IOException {
    if (hit(where)) {
      IOException failure = new IOException("injected at " + where);
      THROWN.set(failure);
      throw failure;
    }
  }

  /** Before a call of DJL. */
  public static void engine(String where) {
    if (hit(where)) {
      EngineException failure = new EngineException("injected at " + where);
      THROWN.set(failure);
      throw failure;
    }
  }

  private static boolean hit(String where) {
    int count = CALLS.computeIfAbsent(where, w -> new AtomicInteger()).incrementAndGet();
    return count == call && where.equals(site);
  }

  /** After a call that opened something. */
  public static void opened(Object what, String where) {
    OPENED.add(new Opened(what, where));
  }

  /** After a native function made an object. */
  public static void made(long handle, String where) {
    HANDLES.put(handle, where);
  }

  /** Before a native function frees an object. */
  public static void freed(long handle) {
    HANDLES.remove(handle);
  }

  /** After the C library gave memory. */
  public static void allocated(MemorySegment memory, String where) {
    made(memory.address(), where);
  }

  /** Before the C library takes memory back. */
  public static void returned(MemorySegment memory) {
    freed(memory.address());
  }
}
