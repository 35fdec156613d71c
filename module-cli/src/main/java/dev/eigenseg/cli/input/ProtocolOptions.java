package dev.eigenseg.cli.input;

import dev.eigenseg.api.SegmentOptions;
import dev.eigenseg.cli.session.KebabEnum;
import dev.eigenseg.train.evaluation.Protocol;
import java.util.Optional;
import picocli.CommandLine.Option;

/** The protocol under which the images of a dataset are looked at. */
public final class ProtocolOptions {
  @Option(
      names = "--protocol",
      paramLabel = "whole-image|center-crop-320|sliding-window",
      converter = KebabEnum.Protocols.class,
      description =
          "What of the images counts and how they are looked at, as for published scores (default: whole-image).")
  private Optional<Protocol> protocol = Optional.empty();

  /** Whether the user gave one. */
  public boolean given() {
    return protocol.isPresent();
  }

  public Protocol protocol() {
    return protocol.orElse(Protocol.WHOLE_IMAGE);
  }

  /**
   * Options under the protocol.
   *
   * @param remedy what the user can do where the protocol needs windows and has none for a dataset
   * @throws IllegalArgumentException in that case
   */
  public SegmentOptions complete(SegmentOptions options, String dataset, String remedy) {
    if (protocol() == Protocol.SLIDING_WINDOW && options.windows().isEmpty()) {
      throw new IllegalArgumentException(
          "no windows are published for %s: %s".formatted(dataset, remedy));
    }
    return options;
  }
}
