package dev.eigenseg.cli.info;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import dev.eigenseg.api.Backbones;
import dev.eigenseg.api.Provenance;
import dev.eigenseg.api.UnavailableException;
import dev.eigenseg.api.internal.kernel.CacheSizes;
import dev.eigenseg.api.internal.kernel.VectorMath;
import dev.eigenseg.api.spi.Availability;
import dev.eigenseg.api.spi.BackboneProvider;
import dev.eigenseg.api.spi.KnnEngine;
import dev.eigenseg.cli.session.ByteSize;
import dev.eigenseg.graph.KnnEngines;
import dev.eigenseg.train.Devices;
import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;

/** What this machine and this installation offer. */
final class MachineInfo {
  private static final String LIBRARY_PATH = "PYTORCH_LIBRARY_PATH";

  private MachineInfo() {}

  static JsonObject describe() {
    JsonObject info = new JsonObject();
    info.addProperty("eigenseg", Provenance.version());
    info.addProperty(
        "jdk",
        "%s, %s %s, in %s"
            .formatted(
                Runtime.version(),
                System.getProperty("java.vendor"),
                System.getProperty("java.vm.name"),
                System.getProperty("java.home")));
    info.addProperty(
        "os",
        "%s %s %s"
            .formatted(
                System.getProperty("os.name"),
                System.getProperty("os.version"),
                System.getProperty("os.arch")));
    info.addProperty("processors", Runtime.getRuntime().availableProcessors());
    info.addProperty("heap", new ByteSize(Runtime.getRuntime().maxMemory()).toString());
    info.addProperty("simd", VectorMath.selection());
    info.addProperty("cache", CacheSizes.here().toString());
    info.add("nearest-neighbour-engines", engines());
    info.add("backbones", backbones());
    info.addProperty("libtorch", libtorch());
    info.addProperty("devices", devices());
    return info;
  }

  private static String libtorch() {
    String why =
        Optional.ofNullable(System.getenv(LIBRARY_PATH))
            .map(folder -> LIBRARY_PATH + " is set to " + folder)
            .orElse(LIBRARY_PATH + " is not set, so the packaged CPU build was taken");
    return whereTorchStarts(() -> Devices.engine() + " (" + why + ")");
  }

  private static String devices() {
    return whereTorchStarts(() -> String.join(", ", Devices.available()));
  }

  private static String whereTorchStarts(Supplier<String> description) {
    try {
      return description.get();
    } catch (UnavailableException e) {
      return "refused: " + e.getMessage();
    }
  }

  private static JsonObject engines() {
    JsonObject engines = new JsonObject();
    for (KnnEngine engine : KnnEngines.all()) {
      engines.addProperty(engine.name(), text(engine));
    }
    return engines;
  }

  // Several providers may share a scheme, each for devices of its own; of those whose devices are
  // not here the others say enough.
  private static JsonObject backbones() {
    List<String> here = devicesHere();
    JsonObject backbones = new JsonObject();
    for (BackboneProvider provider : Backbones.providers()) {
      List<String> served = here.stream().filter(provider::serves).toList();
      JsonElement other = backbones.get(provider.scheme());
      if (served.isEmpty() && other != null) {
        continue;
      }
      String line =
          "%s (%s)"
              .formatted(
                  text(provider.availability()),
                  served.isEmpty() ? "no device of its kind is here" : String.join(", ", served));
      backbones.addProperty(
          provider.scheme(), other == null ? line : other.getAsString() + "; " + line);
    }
    return backbones;
  }

  private static List<String> devicesHere() {
    try {
      return Devices.available();
    } catch (UnavailableException e) { // which the line of libtorch says
      return List.of("cpu");
    }
  }

  private static String text(KnnEngine engine) {
    if (!engine.availability().available()) {
      return text(engine.availability());
    }
    try {
      return "available: " + engine.details();
    } catch (UnavailableException e) {
      return "refused: " + e.getMessage();
    }
  }

  private static String text(Availability availability) {
    return availability.available()
        ? "available"
        : "refused: " + String.join("; ", availability.reasons());
  }
}
