package dev.eigenseg.api.internal.resource;

import java.util.Arrays;
import java.util.function.Consumer;

/**
 * Closes several things, each of them even if another one fails. Where they are variables, an empty
 * {@code try (a; b) {}} does the same.
 */
public final class Closing {
  private Closing() {}

  /**
   * Closes all, in order. The first failure is thrown at the end, with the later ones suppressed in
   * it.
   *
   * @param resources null elements are left out, as room that nothing was opened for
   * @param close closes one; said by the caller so that it throws nothing that is checked
   */
  public static <T> void all(Iterable<? extends T> resources, Consumer<? super T> close) {
    RuntimeException first = null;
    for (T resource : resources) {
      try {
        if (resource != null) {
          close.accept(resource);
        }
      } catch (RuntimeException e) {
        if (first == null) {
          first = e;
        } else {
          first.addSuppressed(e);
        }
      }
    }
    if (first != null) {
      throw first;
    }
  }

  /**
   * Closes all because of a failure, which the caller throws; their own failures are suppressed in
   * it.
   *
   * @param resources null elements are left out
   */
  public static void after(Throwable failure, Iterable<? extends AutoCloseable> resources) {
    for (AutoCloseable resource : resources) {
      try {
        if (resource != null) {
          resource.close();
        }
      } catch (Exception e) {
        failure.addSuppressed(e);
      }
    }
  }

  /** As {@link #after(Throwable, Iterable)}. */
  public static void after(Throwable failure, AutoCloseable... resources) {
    after(failure, Arrays.asList(resources));
  }
}
