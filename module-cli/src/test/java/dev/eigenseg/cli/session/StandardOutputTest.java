package dev.eigenseg.cli.session;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import org.junit.jupiter.api.Test;

class StandardOutputTest {
  private final ByteArrayOutputStream err = new ByteArrayOutputStream();

  private int judged(OutputStream target, int code) {
    StandardOutput out = new StandardOutput(target);
    PrintStream printer = out.printer(StandardCharsets.UTF_8);
    printer.println("results");
    printer.println("more of them");
    err.reset();
    return out.judge(code, new PrintStream(err, true, StandardCharsets.UTF_8));
  }

  private String err() {
    return err.toString(StandardCharsets.UTF_8);
  }

  private static OutputStream failing(String reason) {
    return new OutputStream() {
      @Override
      public void write(int value) throws IOException {
        throw new IOException(reason);
      }
    };
  }

  @Test
  void whatIsWrittenChangesNoCode() {
    ByteArrayOutputStream written = new ByteArrayOutputStream();
    assertEquals(0, judged(written, 0));
    assertEquals(2, judged(written, 2));
    assertEquals("", err());
    assertTrue(written.toString(StandardCharsets.UTF_8).startsWith("results\nmore"), written + "");
  }

  @Test
  void lostResultsAreAFailure() {
    assertEquals(1, judged(failing("No space left on device"), 0));
    assertTrue(err().contains("results are lost: No space left on device"), err());
    assertEquals(130, judged(failing("No space left on device"), 130));
  }

  @Test
  void aReaderThatWentAwayIsNoNews() {
    assertEquals(StandardOutput.EXIT_BROKEN_PIPE, judged(failing("Broken pipe"), 0));
    assertEquals(1, judged(failing("Broken pipe"), 1));
    assertEquals("", err());
  }

  @Test
  void aCommandThatDoesNotEndIsNotWaitedForWithoutEnd() {
    Cancellation cancellation = new Cancellation();
    assertTrue(!cancellation.awaitEnd(Duration.ofMillis(20)), "it has not ended");
    cancellation.commandEnded();
    assertTrue(cancellation.awaitEnd(Duration.ofSeconds(20)), "it has");
  }
}
