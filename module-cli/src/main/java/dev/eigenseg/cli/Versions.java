package dev.eigenseg.cli;

import dev.eigenseg.api.Provenance;
import picocli.CommandLine.IVersionProvider;

/** The version of this build. */
final class Versions implements IVersionProvider {
  @Override
  public String[] getVersion() {
    return new String[] {"eigenseg " + Provenance.version()};
  }
}
