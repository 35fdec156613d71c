package dev.eigenseg.infer.vit;

import dev.eigenseg.api.Backbone;
import dev.eigenseg.api.BadInputException;
import dev.eigenseg.api.UnavailableException;
import dev.eigenseg.api.spi.Availability;
import dev.eigenseg.api.spi.BackboneProvider;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Map;

/** Opens {@link VitBackbone}s for specifications such as {@code vit:FILE.safetensors}. */
public final class VitProvider implements BackboneProvider {
  private static final String SCHEME = "vit";
  private static final String CPU = "cpu";

  /** For the service loader. */
  public VitProvider() {}

  @Override
  public String scheme() {
    return SCHEME;
  }

  @Override
  public Availability availability() {
    return Availability.YES;
  }

  @Override
  public boolean serves(String device) {
    return device.equals(CPU);
  }

  @Override
  public Backbone open(String location, String device, Map<String, String> settings)
      throws IOException {
    if (location.isEmpty()) {
      throw new BadInputException(
          "a Vision Transformer needs its weights: write vit:FILE.safetensors");
    }
    if (!serves(device)) {
      throw new UnavailableException(
          "without the module dev.eigenseg.train, Vision Transformers run on 'cpu' only, not on '%s'"
              .formatted(device));
    }
    Path file = Path.of(location);
    VitCheckpoint.requireFile(file);
    return VitBackbone.open(file, settings);
  }
}
