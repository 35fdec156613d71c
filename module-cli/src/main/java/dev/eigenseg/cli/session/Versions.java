package dev.eigenseg.cli.session;

import dev.eigenseg.api.Provenance;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.Properties;
import picocli.CommandLine.IVersionProvider;

/** The version of this build, the commit that it was made from, and the Java that runs it. */
public final class Versions implements IVersionProvider {
  private static final String UNKNOWN = "unknown";

  @Override
  public String[] getVersion() {
    return new String[] {
      "eigenseg " + Provenance.version(),
      "commit " + commit(build()),
      "jdk %s, %s".formatted(Runtime.version(), System.getProperty("java.vendor"))
    };
  }

  // The time is the commit's: the same commit gives the same bytes, whenever it is built.
  static String commit(Properties build) {
    String commit = build.getProperty("commit");
    if (commit.equals(UNKNOWN)) {
      return "unknown: built from a tree without its history";
    }
    String changed = build.getProperty("changed").equals("true") ? ", with changes since" : "";
    return "%s of %s%s".formatted(commit, build.getProperty("time"), changed);
  }

  private static Properties build() {
    Properties properties = new Properties();
    try (InputStream in = Versions.class.getResourceAsStream("build.properties")) {
      properties.load(in);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return properties;
  }
}
