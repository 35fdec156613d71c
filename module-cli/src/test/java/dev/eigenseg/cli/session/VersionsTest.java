package dev.eigenseg.cli.session;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Properties;
import org.junit.jupiter.api.Test;

class VersionsTest {
  @Test
  void theCommitIsNamedWithItsTime() {
    assertEquals(
        "0123456789 of 2026-11-28T12:00:00Z",
        Versions.commit(build("0123456789", "2026-11-28T12:00:00Z", false)));
    assertEquals(
        "0123456789 of 2026-11-28T12:00:00Z, with changes since",
        Versions.commit(build("0123456789", "2026-11-28T12:00:00Z", true)));
  }

  @Test
  void aTreeWithoutHistorySaysSo() {
    assertEquals(
        "unknown: built from a tree without its history",
        Versions.commit(build("unknown", "unknown", false)));
  }

  /** What the build has filled in: nothing is left of its placeholders. */
  @Test
  void theBuildIsKnown() {
    String[] lines = new Versions().getVersion();
    assertEquals(3, lines.length);
    assertTrue(lines[0].startsWith("eigenseg "), lines[0]);
    assertTrue(
        lines[1].matches(
            "commit (unknown: .*|[0-9a-f]{10} of 20\\d\\d-\\S+Z(, with changes since)?)"),
        lines[1]);
    assertTrue(lines[2].startsWith("jdk " + Runtime.version()), lines[2]);
  }

  private static Properties build(String commit, String time, boolean changed) {
    Properties build = new Properties();
    build.setProperty("commit", commit);
    build.setProperty("time", time);
    build.setProperty("changed", String.valueOf(changed));
    return build;
  }
}
