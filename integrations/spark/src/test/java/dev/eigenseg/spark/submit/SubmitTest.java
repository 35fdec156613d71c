package dev.eigenseg.spark.submit;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.PrintWriter;
import java.io.StringWriter;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

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
}
