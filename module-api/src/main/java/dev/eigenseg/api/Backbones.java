package dev.eigenseg.api;

import dev.eigenseg.api.spi.Availability;
import dev.eigenseg.api.spi.BackboneProvider;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/** Opens backbones by their specification, through the {@link BackboneProvider}s that are found. */
public final class Backbones {
  private Backbones() {}

  /**
   * Opens a backbone.
   *
   * @param spec a scheme and a location, such as {@code "descriptor"} or {@code
   *     "torchscript:FILE.pt"}
   * @param device {@code "cpu"} or {@code "cuda:0"}
   * @return a backbone that the caller owns
   * @throws UnavailableException if no provider knows the scheme, or it cannot work here; the
   *     message says why and what to do
   */
  public static Backbone open(String spec, String device) throws IOException {
    int colon = spec.indexOf(':');
    String scheme = colon < 0 ? spec : spec.substring(0, colon);
    String location = colon < 0 ? "" : spec.substring(colon + 1);
    Services.Found<BackboneProvider> found = Services.find(BackboneProvider.class);
    BackboneProvider provider =
        found.providers().stream()
            .filter(candidate -> candidate.scheme().equals(scheme))
            .findFirst()
            .orElseThrow(() -> new UnavailableException(unknown(spec, scheme, found)));
    Availability availability = provider.availability();
    if (!availability.available()) {
      throw new UnavailableException(
          "backbone '%s' is not available here: %s"
              .formatted(spec, String.join("; ", availability.reasons())));
    }
    return provider.open(location, device);
  }

  /** The providers that are found, by scheme; also those that say they cannot work here. */
  public static List<BackboneProvider> providers() {
    return Services.find(BackboneProvider.class).providers().stream()
        .sorted(Comparator.comparing(BackboneProvider::scheme))
        .toList();
  }

  private static String unknown(
      String spec, String scheme, Services.Found<BackboneProvider> found) {
    List<String> known = new ArrayList<>();
    for (BackboneProvider provider : found.providers()) {
      Availability availability = provider.availability();
      known.add(
          availability.available()
              ? provider.scheme()
              : provider.scheme()
                  + " (not here: "
                  + String.join("; ", availability.reasons())
                  + ")");
    }
    known.sort(Comparator.naturalOrder());
    StringBuilder message = new StringBuilder();
    message.append("no provider opens backbone '").append(spec).append("'; known schemes: ");
    message.append(known.isEmpty() ? "none" : String.join(", ", known));
    switch (scheme) {
      case "torchscript" ->
          message.append(
              "; TorchScript needs the module dev.eigenseg.train and DJL's PyTorch engine");
      case "descriptor" -> message.append("; this one needs the module dev.eigenseg.infer");
      default -> message.append("; check the spelling, or add the module that provides it");
    }
    message.append(Services.incubatorHint());
    for (String failure : found.failures()) {
      message.append("; a provider could not be loaded: ").append(failure);
    }
    return message.toString();
  }
}
