package dev.eigenseg.api.spi;

import java.util.List;

/**
 * A provider's answer to "can you work here?".
 *
 * @param reasons why not, each with cause and remedy; empty means available
 */
public record Availability(List<String> reasons) {
  /** The answer "yes". */
  public static final Availability YES = new Availability(List.of());

  /** Copies the reasons. */
  public Availability {
    reasons = List.copyOf(reasons);
  }

  /** The answer "no", with reasons. */
  public static Availability no(String... reasons) {
    return new Availability(List.of(reasons));
  }

  /** Whether the provider can be used. */
  public boolean available() {
    return reasons.isEmpty();
  }
}
