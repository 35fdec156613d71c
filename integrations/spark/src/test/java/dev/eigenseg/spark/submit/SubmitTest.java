package dev.eigenseg.spark.submit;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.eigenseg.api.spi.KnnIndex;
import dev.eigenseg.graph.GraphOptions;
import java.io.IOException;
import java.io.ObjectOutputStream;
import java.io.OutputStream;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.OptionalDouble;
import java.util.OptionalInt;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import picocli.CommandLine;

class SubmitTest {
  private final StringWriter out = new StringWriter();
  private final StringWriter err = new StringWriter();

  private int run(String... arguments) {
    return Submit.run(new PrintWriter(out, true), new PrintWriter(err, true), arguments);
  }

  @ParameterizedTest
  @ValueSource(strings = {"extract", "graph", "segment", "evaluate"})
  void everyCommandHasHelpWithAnExample(String command) {
    assertEquals(0, run(command, "--help"));
    assertTrue(
        out.toString().contains("spark-submit eigenseg-spark-submit.jar " + command), command);
  }

  @Test
  void wrongUsageIsFoundBeforeSparkStarts() {
    assertEquals(2, run("extract", "--dtype", "f64", "-o", "bank", "photographs"));
    assertTrue(err.toString().contains("--dtype"), err.toString());
    assertEquals(2, run("extract", "--size", "large", "-o", "bank", "photographs"));
    assertTrue(err.toString().contains("not a size: 'large'"), err.toString());
    assertEquals(2, run("graph"));
  }

  @Test
  void optionsOfGraphReachTasks() throws IOException {
    GraphCommand command = new GraphCommand();
    new CommandLine(command)
        .setCaseInsensitiveEnumValuesAllowed(true)
        .parseArgs(
            "--index=ivf", "--lists=7", "--recall=0.9", "--neighbors=5", "--memory=3", "bank");
    GraphOptions options = command.options().get();
    assertEquals(OptionalInt.of(5), options.neighbors());
    assertEquals(3L << 20, options.memory());
    assertEquals(KnnIndex.Kind.IVF, options.index().kind());
    assertEquals(OptionalInt.of(7), options.index().lists());
    assertEquals(OptionalInt.empty(), options.index().probes());
    assertEquals(OptionalDouble.of(0.9), options.index().recall());
    new ObjectOutputStream(OutputStream.nullOutputStream()).writeObject(command.options());
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "--index ivf --lists 0 | lists is 0, expected at least 1",
        "--index ivf --probes 0 | probes is 0, expected at least 1",
        "--index ivf --probes -3 | probes is -3, expected at least 1",
        "--index ivf --recall 0 | recall is 0.0, expected more than 0 and at most 1",
        "--index ivf --recall 1.1 | recall is 1.1, expected more than 0 and at most 1",
        "--index ivf --recall NaN | recall is NaN, expected more than 0 and at most 1",
        "--lists 0 | do nothing without --index ivf",
        "--probes 0 | do nothing without --index ivf",
        "--recall 0 | do nothing without --index ivf",
        "--neighbors 0 | --neighbors is 0, expected at least 1",
        "--parts 0 | --parts is 0, expected at least 1",
        "--memory 0 | --memory is 0 MiB, expected at least 1",
        "--memory 8796093022208 | expected at most 8796093022207",
        "--memory 17592186044417 | expected at most 8796093022207"
      })
  void numbersOfGraphThatCannotBeAreWrongUsage(String options, String message) {
    assertEquals(2, run(("graph bank " + options).split(" ")));
    assertTrue(err.toString().contains(message), err.toString());
  }
}
