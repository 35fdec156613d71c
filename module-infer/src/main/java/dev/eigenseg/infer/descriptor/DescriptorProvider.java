package dev.eigenseg.infer.descriptor;

import dev.eigenseg.api.Backbone;
import dev.eigenseg.api.BadInputException;
import dev.eigenseg.api.UnavailableException;
import dev.eigenseg.api.spi.Availability;
import dev.eigenseg.api.spi.BackboneProvider;
import java.util.Map;

/** Opens the built-in {@link DescriptorBackbone} for the specification {@code descriptor}. */
public final class DescriptorProvider implements BackboneProvider {
  /** For the service loader. */
  public DescriptorProvider() {}

  @Override
  public String scheme() {
    return DescriptorBackbone.ID;
  }

  @Override
  public Availability availability() {
    return Availability.YES;
  }

  @Override
  public boolean serves(String device) {
    return device.equals("cpu");
  }

  @Override
  public Backbone open(String location, String device, Map<String, String> settings) {
    if (!location.isEmpty()) {
      throw new BadInputException(
          "the descriptor backbone has no file: write 'descriptor', not 'descriptor:%s'"
              .formatted(location));
    }
    if (!settings.isEmpty()) {
      throw new BadInputException(
          "the descriptor backbone has no settings; leave out "
              + String.join(", ", settings.keySet()));
    }
    if (!device.equals("cpu")) {
      throw new UnavailableException(
          "the descriptor backbone runs on 'cpu' only, not on '%s'".formatted(device));
    }
    return new DescriptorBackbone();
  }
}
