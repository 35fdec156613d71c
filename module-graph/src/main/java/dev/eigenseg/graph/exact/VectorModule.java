package dev.eigenseg.graph.exact;

import dev.eigenseg.api.internal.service.Services;
import dev.eigenseg.api.spi.Availability;

/** The JDK's module of the Vector API, which an application on the class path must ask for. */
public final class VectorModule {
  private VectorModule() {}

  /** Whether it is there. */
  public static Availability availability() {
    return Services.incubatorHint().isEmpty()
        ? Availability.YES
        : Availability.no("start java with --add-modules jdk.incubator.vector");
  }
}
