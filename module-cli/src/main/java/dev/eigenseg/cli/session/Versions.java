package dev.eigenseg.cli.session;

import dev.eigenseg.api.Provenance;
import picocli.CommandLine.IVersionProvider;

/** The version of this build. */
public final class Versions implements IVersionProvider {
  @Override
  public String[] getVersion() {
    return new String[] {"eigenseg " + Provenance.version()};
  }
}
