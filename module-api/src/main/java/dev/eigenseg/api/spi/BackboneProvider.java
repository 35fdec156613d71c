package dev.eigenseg.api.spi;

import dev.eigenseg.api.Backbone;
import java.io.IOException;

/**
 * Opens backbones of one kind, named by the scheme of a specification such as {@code
 * torchscript:FILE.pt}.
 */
public interface BackboneProvider {
  /** The part of a specification before the colon, such as {@code "torchscript"}. */
  String scheme();

  /** Whether this provider can work here; cheap, without side effects. */
  Availability availability();

  /**
   * Opens a backbone.
   *
   * @param location the part of the specification after the colon; empty if there was none
   * @param device {@code "cpu"} or {@code "cuda:0"}
   * @return a backbone that the caller owns
   * @throws dev.eigenseg.api.UnavailableException if the device is not there
   */
  Backbone open(String location, String device) throws IOException;
}
