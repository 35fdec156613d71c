package dev.eigenseg.cli.study;

import dev.eigenseg.cli.session.ByteSize;
import dev.eigenseg.cli.session.Durations;
import java.util.LinkedHashMap;
import java.util.SequencedMap;
import java.util.stream.Collectors;

/** What a study will take, by stage. */
final class StudyEstimate {
  private final SequencedMap<String, Double> seconds = new LinkedHashMap<>();
  private long bankBytes;

  void add(String stage, double more) {
    seconds.merge(stage, more, Double::sum);
  }

  void addBytes(long more) {
    bankBytes += more;
  }

  /** All stages together. */
  double total() {
    return seconds.values().stream().mapToDouble(Double::doubleValue).sum();
  }

  /** For people. */
  String text() {
    return "estimated time: about %s (%s), extrapolated from the trial; banks take about %s of disk; what is done already is skipped"
        .formatted(
            Durations.text(total()),
            seconds.entrySet().stream()
                .map(stage -> stage.getKey() + " " + Durations.text(stage.getValue()))
                .collect(Collectors.joining(", ")),
            new ByteSize(bankBytes));
  }
}
