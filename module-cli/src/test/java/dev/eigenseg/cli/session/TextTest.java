package dev.eigenseg.cli.session;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.eigenseg.api.BadInputException;
import dev.eigenseg.api.CancelledException;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileSystemException;
import java.nio.file.NoSuchFileException;
import org.junit.jupiter.api.Test;
import picocli.CommandLine.TypeConversionException;

class TextTest {
  @Test
  void sizesReadAsPeopleWriteThem() {
    ByteSize.Converter converter = new ByteSize.Converter();
    assertEquals(2L << 30, converter.convert("2g").bytes());
    assertEquals(512L << 20, converter.convert("512MB").bytes());
    assertEquals(7, converter.convert("7").bytes());
    assertEquals("1.5 GiB", new ByteSize(3L << 29).toString());
    assertEquals("7 bytes", new ByteSize(7).toString());
    for (String wrong : new String[] {"", "g", "-1g", "1.5g", "99999999999t"}) {
      assertThrows(TypeConversionException.class, () -> converter.convert(wrong), wrong);
    }
  }

  @Test
  void durationsReadAsPeopleSayThem() {
    assertEquals("0.4 s", Durations.text(0.42));
    assertEquals("59 s", Durations.text(59.4));
    assertEquals("3 min 05 s", Durations.text(185));
    assertEquals("2 h 05 min", Durations.text(7500));
  }

  @Test
  void stagesAreNamedWithTheirShare() throws IOException {
    Stages stages = new Stages();
    assertEquals(3, stages.time("extract", () -> 3));
    assertThrows(
        IOException.class,
        () ->
            stages.time(
                "graph",
                () -> {
                  throw new IOException("no");
                }));
    assertTrue(stages.summary().matches(".*: extract .* \\(\\d+ %\\), graph .*"), stages.summary());
    assertTrue(stages.toJson().has("graph"));
  }

  @Test
  void failuresBecomeOneMessageAndACode() {
    assertEquals(
        "eigenseg: no such file or folder: a.png\n", report(new NoSuchFileException("a.png"), 1));
    assertEquals("eigenseg: too large\n", report(new BadInputException("too large"), 1));
    assertEquals("eigenseg: stopped\n", report(new CancelledException("stopped"), 130));
    assertTrue(report(new IllegalStateException("x"), 1).contains("EIGENSEG_DEBUG"));
    assertTrue(report(new OutOfMemoryError("Java heap space"), 1).contains("-Xmx"));
  }

  @Test
  void aFullDiskIsNamed() {
    IOException failure = new FileSystemException("bank/high", null, "No space left on device");
    assertTrue(
        report(new UncheckedIOException(failure), 1)
            .startsWith("eigenseg: the disk is full: bank/high"));
    assertTrue(report(new IOException("cannot write x", failure), 1).contains("the disk is full"));
  }

  @Test
  void adviceIsGivenOnce() {
    String message =
        report(
            new IOException("writing b failed: No space left on device; make room and go on"), 1);
    assertEquals(message.indexOf("make room"), message.lastIndexOf("make room"), message);
  }

  private static String report(Throwable failure, int code) {
    ByteArrayOutputStream err = new ByteArrayOutputStream();
    assertEquals(
        code, Failures.report(failure, new PrintStream(err, true, StandardCharsets.UTF_8)));
    return err.toString(StandardCharsets.UTF_8);
  }
}
