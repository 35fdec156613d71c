package dev.eigenseg.train.torchscript;

import dev.eigenseg.api.Backbone;
import dev.eigenseg.api.BadInputException;
import dev.eigenseg.api.spi.Availability;
import dev.eigenseg.api.spi.BackboneProvider;
import dev.eigenseg.train.neuralef.Torch;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;

/** Opens {@code torchscript:FILE.pt}. */
public final class TorchScriptProvider implements BackboneProvider {
  /** For the service loader. */
  public TorchScriptProvider() {}

  @Override
  public String scheme() {
    return "torchscript";
  }

  @Override
  public Availability availability() {
    return Torch.availability();
  }

  @Override
  public Backbone open(String location, String device, Map<String, String> settings)
      throws IOException {
    if (!settings.isEmpty()) {
      throw new BadInputException(
          "a TorchScript backbone has no settings, its module decides; leave out "
              + String.join(", ", settings.keySet()));
    }
    if (location.isEmpty()) {
      throw new BadInputException("which file? Write torchscript:FILE.pt");
    }
    Path file = Path.of(location);
    if (!Files.isRegularFile(file)) {
      throw new BadInputException(
          "there is no TorchScript file %s; torchscript:FILE.pt wants the path of a module saved by torch.jit.save"
              .formatted(file));
    }
    return TorchScriptBackbone.open(file, device);
  }
}
