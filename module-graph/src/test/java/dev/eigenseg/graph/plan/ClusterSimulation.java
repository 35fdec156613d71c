package dev.eigenseg.graph.plan;

import java.util.ArrayDeque;
import java.util.Comparator;
import java.util.Deque;
import java.util.PriorityQueue;
import java.util.Random;
import java.util.stream.IntStream;

/**
 * Machines that take tasks from a queue, event by event: a task takes its time times a random
 * factor of mean one, a machine fails at random and is there again at once, and its task goes back
 * to the queue.
 */
final class ClusterSimulation {
  private final Machines machines;
  private final Random random;
  private final PriorityQueue<Event> events =
      new PriorityQueue<>(Comparator.comparingDouble(Event::time));
  private int failures;

  ClusterSimulation(Machines machines, long seed) {
    this.machines = machines;
    this.random = new Random(seed);
  }

  /** A machine is done with a task, or has failed. */
  private record Event(double time, int machine, int task, boolean done) {}

  /** Seconds until the last task is done. */
  double run(double[] seconds) {
    Deque<Integer> queue = new ArrayDeque<>(IntStream.range(0, seconds.length).boxed().toList());
    for (int machine = 0; machine < machines.count() && !queue.isEmpty(); machine++) {
      begin(0, machine, queue.remove(), seconds);
    }
    double end = 0;
    int done = 0;
    while (done < seconds.length) {
      Event event = events.remove();
      if (event.done()) {
        done++;
        end = event.time();
      } else {
        failures++;
        queue.addFirst(event.task());
      }
      if (!queue.isEmpty()) {
        begin(event.time(), event.machine(), queue.remove(), seconds);
      }
    }
    return end;
  }

  private void begin(double now, int machine, int task, double[] seconds) {
    double spread = machines.spread();
    double takes = seconds[task] * Math.exp(spread * random.nextGaussian() - 0.5 * spread * spread);
    double rate = machines.failures() / 3600;
    double fails = rate == 0 ? Double.POSITIVE_INFINITY : -Math.log1p(-random.nextDouble()) / rate;
    events.add(new Event(now + Math.min(takes, fails), machine, task, takes <= fails));
  }

  /** Failures so far. */
  int failures() {
    return failures;
  }
}
