package dev.eigenseg.cli.session;

import com.google.gson.JsonObject;
import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.SequencedMap;
import java.util.stream.Collectors;

/** How long each stage of a command took. Used by one thread. */
public final class Stages {
  private final SequencedMap<String, Long> nanos = new LinkedHashMap<>();

  /** Work that may fail on files. */
  @FunctionalInterface
  public interface Work<T> {
    T run() throws IOException;
  }

  /** Runs work and adds its time to a stage. */
  <T> T time(String stage, Work<T> work) throws IOException {
    long start = System.nanoTime();
    try {
      return work.run();
    } finally {
      nanos.merge(stage, System.nanoTime() - start, Long::sum);
    }
  }

  boolean isEmpty() {
    return nanos.isEmpty();
  }

  /** Seconds of one stage, 0 if it did not run. */
  public double seconds(String stage) {
    return nanos.getOrDefault(stage, 0L) / 1e9;
  }

  private double totalSeconds() {
    return nanos.values().stream().mapToLong(Long::longValue).sum() / 1e9;
  }

  /** Such as {@code 12 s: extract 9.1 s (76 %), graph 2.9 s (24 %)}. */
  String summary() {
    double total = totalSeconds();
    return Durations.text(total)
        + nanos.keySet().stream()
            .map(stage ->
                String.format(
                    Locale.ROOT,
                    "%s %s (%.0f %%)",
                    stage,
                    Durations.text(seconds(stage)),
                    100 * seconds(stage) / Math.max(total, 1e-9)))
            .collect(Collectors.joining(", ", ": ", ""));
  }

  /** {@code {stage: seconds}}. */
  public JsonObject toJson() {
    JsonObject json = new JsonObject();
    nanos.forEach((stage, time) -> json.addProperty(stage, Math.round(time / 1e6) / 1e3));
    return json;
  }
}
