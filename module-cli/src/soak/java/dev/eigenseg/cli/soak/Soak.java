package dev.eigenseg.cli.soak;

import dev.eigenseg.api.Cancellation;
import dev.eigenseg.api.CancelledException;
import dev.eigenseg.api.DeadlineExceededException;
import dev.eigenseg.api.Segmenter;
import dev.eigenseg.api.spi.KnnIndex;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;

/**
 * One process that does everything at a time for long, {@code Soak FOLDER MINUTES SEED}: 16 threads
 * segment, with deadlines and cancellations, by a segmenter that is closed and replaced under them;
 * one trains and one makes graphs, over and over. Results are compared with those of an undisturbed
 * run. Called by soak.sh.
 */
public final class Soak {
  private static final int THREADS = 16;
  private static final int STUCK_SECONDS = 60;
  private static final int LONGEST_MICROS = 200_000;
  private static final double MOST_GROWTH = 1.1;

  private final Workshop workshop;
  private final long end;
  private final long seed;
  private final Tally tally = new Tally();
  private final short[][][] expected; // by way and image
  private final ScheduledExecutorService clock = Executors.newSingleThreadScheduledExecutor();

  private volatile Segmenter segmenter;

  private Soak(Workshop workshop, short[][][] expected, long end, long seed) throws IOException {
    this.workshop = workshop;
    this.expected = expected;
    this.end = end;
    this.seed = seed;
    this.segmenter = workshop.open();
  }

  public static void main(String[] arguments) throws Exception {
    long seconds = Math.round(60 * Double.parseDouble(arguments[1]));
    long seed = Long.parseLong(arguments[2]);
    System.out.printf("soak: %d s, seed %d%n", seconds, seed);
    Workshop workshop = new Workshop(Path.of(arguments[0]));
    workshop.graph("graph-ivf", KnnIndex.of(KnnIndex.Kind.IVF));
    int images = workshop.images().size();
    short[][][] expected = new short[Workshop.WAYS.size()][images][];
    try (Segmenter segmenter = workshop.open()) {
      for (int way = 0; way < expected.length; way++) {
        for (int image = 0; image < images; image++) {
          expected[way][image] =
              Workshop.mask(
                  segmenter.segment(workshop.images().get(image), Workshop.WAYS.get(way)));
        }
      }
    }
    Vitals before = Vitals.now();
    long end = System.nanoTime() + seconds * 1_000_000_000;
    boolean good = new Soak(workshop, expected, end, seed).run(seconds, before);
    System.exit(good ? 0 : 1);
  }

  private boolean over() {
    return System.nanoTime() >= end;
  }

  /** Something that is done until the time is up. */
  private interface Step {
    void run(Random random) throws Exception;
  }

  private Thread start(String name, long number, Step step) {
    tally.progressed(name);
    return Thread.ofPlatform()
        .name(name)
        .start(() -> {
          Random random = new Random(seed * 1_000 + number);
          while (!over()) {
            try {
              step.run(random);
            } catch (Exception | Error e) {
              tally.wrong(name, e);
            }
            tally.progressed(name);
          }
        });
  }

  private boolean run(long seconds, Vitals before) throws Exception {
    List<Thread> threads = new ArrayList<>();
    for (int i = 0; i < THREADS; i++) {
      threads.add(start("segment-" + i, i, this::segment));
    }
    threads.add(start("replace", THREADS, this::replace));
    threads.add(start("train", THREADS + 1, this::train));
    threads.add(start("graph", THREADS + 2, this::graph));
    long fifth = end - seconds * 800_000_000;
    Vitals early = before;
    Vitals last = before;
    while (!over()) {
      Thread.sleep(Math.clamp((end - System.nanoTime()) / 1_000_000, 1, 1000));
      last = Vitals.now();
      early = System.nanoTime() < fifth ? last : early;
      watch();
    }
    for (Thread thread : threads) {
      while (!thread.join(Duration.ofSeconds(1))) {
        watch();
      }
    }
    clock.shutdown();
    clock.awaitTermination(1, TimeUnit.MINUTES);
    segmenter.close();
    return report(before, early, last, Vitals.now());
  }

  /** Ends the process if nobody can end it otherwise. */
  private void watch() {
    long[] deadlocked = ManagementFactory.getThreadMXBean().findDeadlockedThreads();
    Map<String, String> stuck = tally.stuck(STUCK_SECONDS);
    if (deadlocked == null && stuck.isEmpty()) {
      return;
    }
    System.out.println(
        deadlocked == null ? "soak: no progress in seconds of the processors, of the clock: " + stuck : "soak: a deadlock");
    Thread.getAllStackTraces()
        .forEach((thread, frames) -> {
          System.out.println(thread.getName() + ", " + thread.getState());
          Arrays.stream(frames).forEach(frame -> System.out.println("  at " + frame));
        });
    System.out.flush();
    Runtime.getRuntime().halt(1);
  }

  // ---- what the threads do

  private void segment(Random random) throws IOException {
    int way = random.nextInt(expected.length);
    int image = random.nextInt(expected[way].length);
    int kind = random.nextInt(4);
    Duration time = Duration.ofNanos(1_000L * random.nextInt(LONGEST_MICROS));
    Cancellation cancellation =
        kind == 0 ? Cancellation.after(time) : kind == 1 ? new Cancellation() : Cancellation.NONE;
    if (kind == 1) {
      clock.schedule(cancellation::cancel, time.toNanos(), TimeUnit.NANOSECONDS);
    }
    Segmenter used = segmenter;
    try {
      short[] mask =
          Workshop.mask(
              used.segment(
                  workshop.images().get(image), Workshop.WAYS.get(way), cancellation));
      tally.count("compared");
      if (!Arrays.equals(expected[way][image], mask)) {
        tally.wrong("the mask of image %d, way %d".formatted(image, way), null);
      }
    } catch (DeadlineExceededException e) {
      expect("late", kind == 0, e);
    } catch (CancelledException e) {
      boolean asked = kind == 1 && cancellation.isCancelled();
      expect(asked ? "cancelled" : "closed", asked || !used.equals(segmenter), e);
    } catch (IllegalStateException e) {
      expect("closed", !used.equals(segmenter), e);
    }
  }

  private void expect(String what, boolean expected, RuntimeException e) {
    tally.count(what);
    if (!expected) {
      tally.wrong(what + " unasked", e);
    }
  }

  private void replace(Random random) throws IOException, InterruptedException {
    Thread.sleep(random.nextInt(1000));
    Segmenter old = segmenter;
    segmenter = workshop.open();
    old.close();
    tally.count("opened");
  }

  private void train(Random random) throws IOException {
    workshop.train("model-again");
    tally.count("trained");
    compare("model", "model-again");
  }

  private void graph(Random random) throws IOException {
    boolean exact = random.nextBoolean();
    workshop.graph("graph-again", exact ? KnnIndex.EXACT : KnnIndex.of(KnnIndex.Kind.IVF));
    tally.count("graphs");
    compare(exact ? "graph" : "graph-ivf", "graph-again");
  }

  private void compare(String first, String again) throws IOException {
    if (Files.mismatch(workshop.file(first), workshop.file(again)) >= 0) {
      tally.wrong(again + " differs from " + first, null);
    }
  }

  // ---- the end

  private boolean report(Vitals before, Vitals early, Vitals last, Vitals after) {
    if (last.rssKilobytes() > MOST_GROWTH * early.rssKilobytes()) {
      tally.wrong("memory grew: %s at 20 %% of the time, then %s".formatted(early, last), null);
    }
    if (after.files() > before.files()) {
      tally.wrong("files stayed open: %s before, %s afterwards".formatted(before, after), null);
    }
    if (after.threads() > before.threads()) {
      tally.wrong("threads stayed: %s before, %s afterwards".formatted(before, after), null);
    }
    for (String work : List.of("compared", "cancelled", "late", "opened", "trained", "graphs")) {
      if (tally.of(work) == 0) {
        tally.wrong("nothing was " + work + ": give it more time", null);
      }
    }
    System.out.printf(
        "soak: %,d masks compared, %,d calls cancelled, %,d deadlines passed, %,d ended by closing;"
            + " %,d segmenters, %,d trainings, %,d graphs%n",
        tally.of("compared"),
        tally.of("cancelled"),
        tally.of("late"),
        tally.of("closed"),
        tally.of("opened"),
        tally.of("trained"),
        tally.of("graphs"));
    System.out.printf(
        "soak: before %s; at 20 %% %s; at the end %s; afterwards %s%n", before, early, last, after);
    System.out.printf("soak: no deadlock, %,d wrong%n", tally.wrong());
    return tally.wrong() == 0;
  }
}
