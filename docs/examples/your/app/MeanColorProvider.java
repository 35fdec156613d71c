package your.app;

import dev.eigenseg.api.Backbone;
import dev.eigenseg.api.spi.Availability;
import dev.eigenseg.api.spi.BackboneProvider;
import java.util.Map;

/** Opens {@link MeanColorBackbone}: named in module-info, and in META-INF/services for class paths. */
public final class MeanColorProvider implements BackboneProvider {
  /** For the service loader. */
  public MeanColorProvider() {}

  @Override
  public String scheme() {
    return "mean-color";
  }

  @Override
  public Availability availability() {
    return Availability.YES; // or Availability.no("why not, and what to do about it")
  }

  @Override
  public Backbone open(String location, String device, Map<String, String> settings) {
    return new MeanColorBackbone(); // location is what follows "mean-color:", such as a file
  }
}
