package dev.eigenseg.train.vit;

import dev.eigenseg.api.Backbone;
import dev.eigenseg.api.BadInputException;
import dev.eigenseg.api.spi.Availability;
import dev.eigenseg.api.spi.BackboneProvider;
import dev.eigenseg.infer.vit.VitCheckpoint;
import dev.eigenseg.train.neuralef.Torch;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Map;

/**
 * Opens {@code vit:FILE.safetensors} on a GPU. On the CPU the inference module does, without a
 * native library.
 */
public final class TorchVitProvider implements BackboneProvider {
  /** For the service loader. */
  public TorchVitProvider() {}

  @Override
  public String scheme() {
    return "vit";
  }

  @Override
  public Availability availability() {
    return Torch.availability();
  }

  @Override
  public boolean serves(String device) {
    return !device.equals("cpu");
  }

  @Override
  public Backbone open(String location, String device, Map<String, String> settings)
      throws IOException {
    if (location.isEmpty()) {
      throw new BadInputException("which file? Write vit:FILE.safetensors");
    }
    Path file = Path.of(location);
    VitCheckpoint.requireFile(file);
    return TorchVitBackbone.open(file, device, settings);
  }
}
