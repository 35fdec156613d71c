package dev.eigenseg.spark;

import java.io.IOException;
import java.util.HashMap;
import java.util.Map;

/**
 * Owns what a JVM opens once and all its tasks share. Executors have no end that they tell of, so
 * everything is closed when the JVM ends. Thread-safe.
 *
 * @param <K> what tells one from another
 * @param <V> what is shared, itself thread-safe
 */
final class OncePerJvm<K, V extends AutoCloseable> {
  private final Map<K, V> open = new HashMap<>();
  private boolean ends;

  /** Opens one. */
  @FunctionalInterface
  interface Opening<V> {
    V open() throws IOException;
  }

  OncePerJvm(String name) {
    Runtime.getRuntime().addShutdownHook(Thread.ofPlatform().name(name).unstarted(this::close));
  }

  /** The one of a key, opened by whoever is first; borrowed. */
  synchronized V get(K key, Opening<V> opening) throws IOException {
    if (ends) {
      throw new IllegalStateException("this JVM is ending");
    }
    V found = open.get(key);
    if (found == null) {
      found = opening.open();
      open.put(key, found);
    }
    return found;
  }

  private synchronized void close() {
    ends = true;
    for (V value : open.values()) {
      try {
        value.close();
      } catch (Exception e) {
        System.getLogger(OncePerJvm.class.getName())
            .log(System.Logger.Level.WARNING, "closing {0} failed: {1}", value, e);
      }
    }
    open.clear();
  }
}
