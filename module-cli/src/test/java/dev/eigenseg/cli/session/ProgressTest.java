package dev.eigenseg.cli.session;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.eigenseg.api.CancelledException;
import dev.eigenseg.api.Progress;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.junit.jupiter.api.Test;

class ProgressTest {
  private final ByteArrayOutputStream err = new ByteArrayOutputStream();
  private final PrintStream stream = new PrintStream(err, true, StandardCharsets.UTF_8);
  private final Cancellation cancellation = new Cancellation();
  private long now;

  private List<String> lines() {
    return err.toString(StandardCharsets.UTF_8).lines().toList();
  }

  @Test
  void plainLinesShowRateAndTimeLeft() {
    Progress progress = new PlainProgress(stream, cancellation, () -> now);
    try (Progress.Task task = progress.start("extract", 100, "images")) {
      for (int i = 0; i < 100; i++) {
        now += 500_000_000L;
        task.advance(1);
      }
    }
    assertEquals("extract: 10 of 100 images, 10 %, 2.00 images/s, 45 s left", lines().getFirst());
    assertEquals("extract: 100 images in 50 s, 2.00 images/s", lines().getLast());
    assertEquals(10, lines().size(), "a line each tenth, the last tenth as the summary");
  }

  @Test
  void shortWorkSaysNothing() {
    Progress progress = new PlainProgress(stream, cancellation, () -> now);
    try (Progress.Task task = progress.start("graph", 1000, "tiles")) {
      task.advance(1000);
    }
    assertEquals(List.of(), lines());
  }

  @Test
  void workOfUnknownLengthIsCounted() {
    Progress progress = new PlainProgress(stream, cancellation, () -> now);
    try (Progress.Task task = progress.start("k-means", -1, "rounds")) {
      now += 20_000_000_000L;
      task.advance(40);
    }
    assertEquals("k-means: 40 rounds, 2.00 rounds/s", lines().getFirst());
  }

  @Test
  void aBarIsDrawnOnATerminal() {
    Progress progress = new TerminalProgress(stream, cancellation, 100);
    try (Progress.Task task = progress.start("extract", 4, "images")) {
      task.advance(4);
    }
    String text = err.toString(StandardCharsets.UTF_8);
    assertTrue(text.contains("extract") && text.contains("100%"), text);
  }

  @Test
  void everyKindCanBeStopped() {
    List<Progress> kinds =
        List.of(
            new PlainProgress(stream, cancellation, () -> now),
            new TerminalProgress(stream, cancellation, 100),
            Progress.stoppedBy(cancellation::requested));
    kinds.forEach(Progress::checkCancelled);
    cancellation.request();
    kinds.forEach(kind -> assertThrows(CancelledException.class, kind::checkCancelled));
  }
}
