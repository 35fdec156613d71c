package dev.eigenseg.train;

import java.lang.annotation.Annotation;
import java.lang.reflect.Field;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.TearDown;

/**
 * Runs JMH benchmarks alternately in one process, which JMH itself does not: what disturbs the
 * machine meanwhile disturbs all of them, so that their ratio means something.
 *
 * <p>Arguments: seconds for each benchmark, then the benchmarks as {@code
 * Class.method?parameter=value&parameter=value}. Prints the median time of each in milliseconds, a
 * tabulator between them.
 */
public final class Interleaved {
  // Shorter samples after a pause show how a processor wakes up: with 50 ms instead of 400,
  // products
  // on threads of our own took 1.5 times longer, those of a pool that was awake did not.
  private static final long SAMPLE_NANOS = TimeUnit.MILLISECONDS.toNanos(400);
  private static final int MIN_SAMPLES = 5;

  // OpenMP's and OpenBLAS's threads spin for a while after their work is done: they must be asleep
  // when the next benchmark begins.
  private static final long PAUSE_MILLIS = 400;

  private Interleaved() {}

  /** See the class. */
  public static void main(String[] args) throws Exception {
    long budget = TimeUnit.SECONDS.toNanos(Long.parseLong(args[0]));
    List<Contender> contenders = new ArrayList<>();
    for (String specification : Arrays.asList(args).subList(1, args.length)) {
      contenders.add(Contender.of(specification));
    }
    for (Contender contender : contenders) {
      contender.warmUp(budget / 3);
    }
    long end = System.nanoTime() + budget * contenders.size() * 2 / 3;
    for (int round = 0; round < MIN_SAMPLES || System.nanoTime() < end; round++) {
      for (Contender contender : contenders) {
        Thread.sleep(PAUSE_MILLIS);
        contender.samples.add(contender.sample());
      }
    }
    List<String> medians = new ArrayList<>();
    for (Contender contender : contenders) {
      medians.add("%.4f".formatted(contender.median()));
      contender.callAll(TearDown.class);
    }
    System.out.println(String.join("\t", medians));
  }

  /** A benchmark, its state, and how long it took each time. */
  private record Contender(Object state, Method method, List<Double> samples) {
    static Contender of(String specification) throws Exception {
      String[] parts = specification.split("\\?", 2);
      int dot = parts[0].lastIndexOf('.');
      Object state =
          Class.forName(parts[0].substring(0, dot)).getDeclaredConstructor().newInstance();
      Contender contender =
          new Contender(
              state, state.getClass().getMethod(parts[0].substring(dot + 1)), new ArrayList<>());
      for (Field field : state.getClass().getFields()) {
        Param defaults = field.getAnnotation(Param.class);
        if (defaults != null) {
          set(state, field, defaults.value()[0]);
        }
      }
      if (parts.length == 2) {
        for (String parameter : parts[1].split("&")) {
          String[] pair = parameter.split("=", 2);
          set(state, state.getClass().getField(pair[0]), pair[1]);
        }
      }
      contender.callAll(Setup.class);
      return contender;
    }

    private static void set(Object state, Field field, String value) throws Exception {
      field.set(state, field.getType() == int.class ? (Object) Integer.valueOf(value) : value);
    }

    void callAll(Class<? extends Annotation> annotation) throws Exception {
      for (Method candidate : state.getClass().getMethods()) {
        if (candidate.isAnnotationPresent(annotation)) {
          call(candidate);
        }
      }
    }

    private void call(Method callee) throws Exception {
      try {
        callee.invoke(state);
      } catch (InvocationTargetException e) {
        throw e.getCause() instanceof Exception cause ? cause : e;
      }
    }

    void warmUp(long nanos) throws Exception {
      long end = System.nanoTime() + nanos;
      do {
        call(method);
      } while (System.nanoTime() < end);
    }

    /** Milliseconds of one call. */
    double sample() throws Exception {
      long start = System.nanoTime();
      long elapsed;
      int calls = 0;
      do {
        call(method);
        calls++;
        elapsed = System.nanoTime() - start;
      } while (elapsed < SAMPLE_NANOS);
      return elapsed / 1e6 / calls;
    }

    double median() {
      double[] sorted = samples.stream().mapToDouble(Double::doubleValue).sorted().toArray();
      return sorted[sorted.length / 2];
    }
  }
}
