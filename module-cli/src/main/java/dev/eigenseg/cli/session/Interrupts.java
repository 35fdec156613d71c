package dev.eigenseg.cli.session;

import java.io.PrintStream;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandleProxies;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;
import java.time.Duration;

/**
 * Turns Ctrl-C into a {@link Cancellation}: the first one lets the command finish what it has
 * begun, a second one ends the process at once. A termination request from outside waits for the
 * command likewise, at most some seconds.
 */
public final class Interrupts {
  /** What a shell reports for a process ended by Ctrl-C. */
  static final int EXIT_INTERRUPTED = 130;

  // Whatever a command waits for; what is on disk is whole at any time.
  private static final Duration GRACE = Duration.ofSeconds(4);

  private Interrupts() {}

  /** Installs the handlers for the life of the process. */
  public static void install(Cancellation cancellation, PrintStream err) {
    Runtime.getRuntime()
        .addShutdownHook(
            new Thread(
                () -> {
                  cancellation.request();
                  if (!cancellation.awaitEnd(GRACE)) {
                    err.println(
                        "eigenseg: ended in the middle of its work; the same command continues");
                  }
                },
                "eigenseg-shutdown"));
    onInterrupt(() -> {
      if (cancellation.requested()) {
        Runtime.getRuntime().halt(EXIT_INTERRUPTED);
      }
      cancellation.request();
      err.println();
      err.println("eigenseg: stopping after the work in hand; Ctrl-C again ends at once");
    });
  }

  // A shutdown hook alone cannot see the second Ctrl-C. The signal class is outside the Java SE API
  // and compiling against it is a
  // warning that cannot be switched off, hence the reflection; where it is missing (or -Xrs is
  // set), the hook alone does the work.
  private static void onInterrupt(Runnable action) {
    try {
      Class<?> signal = Class.forName("sun.misc.Signal");
      Class<?> handler = Class.forName("sun.misc.SignalHandler");
      MethodHandle run =
          MethodHandles.lookup()
              .findVirtual(Runnable.class, "run", MethodType.methodType(void.class));
      Object proxy =
          MethodHandleProxies.asInterfaceInstance(
              handler, MethodHandles.dropArguments(run.bindTo(action), 0, signal));
      signal
          .getMethod("handle", signal, handler)
          .invoke(null, signal.getConstructor(String.class).newInstance("INT"), proxy);
    } catch (ReflectiveOperationException | IllegalArgumentException e) {
      System.getLogger(Interrupts.class.getName())
          .log(
              System.Logger.Level.DEBUG,
              "no signal handler, Ctrl-C is handled by a shutdown hook",
              e);
    }
  }
}
