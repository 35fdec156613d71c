package dev.eigenseg.api.spi;

import dev.eigenseg.api.Backbone;
import java.io.IOException;
import java.util.Map;

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
   * Whether this provider runs backbones on a kind of device; cheap, without side effects. Several
   * providers may share a scheme, each for devices of its own.
   *
   * @param device {@code "cpu"} or {@code "cuda:0"}, which need not exist
   */
  default boolean serves(String device) {
    return true;
  }

  /**
   * Opens a backbone.
   *
   * @param location the part of the specification after the colon; empty if there was none
   * @param device {@code "cpu"} or {@code "cuda:0"}
   * @param settings how to read the weights, by option names as in {@link Backbone#settings()};
   *     what is not named is read from the file or assumed
   * @return a backbone that the caller owns
   * @throws dev.eigenseg.api.UnavailableException if the device is not there
   * @throws dev.eigenseg.api.BadInputException if a setting is unknown here or does not fit the
   *     weights
   */
  Backbone open(String location, String device, Map<String, String> settings) throws IOException;
}
