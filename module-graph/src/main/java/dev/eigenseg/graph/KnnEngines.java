package dev.eigenseg.graph;

import dev.eigenseg.api.UnavailableException;
import dev.eigenseg.api.spi.KnnEngine;
import java.util.Comparator;
import java.util.List;
import java.util.ServiceLoader;
import java.util.stream.Collectors;

/** The nearest-neighbour engines that are installed. */
public final class KnnEngines {
  private static final System.Logger LOG = System.getLogger(KnnEngines.class.getName());

  private KnnEngines() {}

  /** All engines, available or not, by falling priority. */
  public static List<KnnEngine> all() {
    return ServiceLoader.load(KnnEngine.class, KnnEngines.class.getClassLoader()).stream()
        .map(ServiceLoader.Provider::get)
        .sorted(Comparator.comparingInt(KnnEngine::priority).reversed())
        .toList();
  }

  /**
   * Finds an engine.
   *
   * @param name an engine's name, which never falls back to another, or {@code "auto"} for the
   *     available engine of the highest priority
   * @throws UnavailableException if there is none; the message holds every reason
   */
  public static KnnEngine select(String name) {
    List<KnnEngine> engines = all();
    if (name.equals("auto")) {
      return automatic(engines);
    }
    for (KnnEngine engine : engines) {
      if (engine.name().equals(name)) {
        if (!engine.availability().available()) {
          throw new UnavailableException(
              "engine %s: %s".formatted(name, String.join("; ", engine.availability().reasons())));
        }
        return selected(engine);
      }
    }
    throw new UnavailableException(
        "there is no nearest-neighbour engine \"%s\"; installed: %s (or auto)"
            .formatted(
                name, engines.stream().map(KnnEngine::name).collect(Collectors.joining(", "))));
  }

  private static KnnEngine automatic(List<KnnEngine> engines) {
    StringBuilder reasons = new StringBuilder();
    for (KnnEngine engine : engines) {
      if (engine.availability().available()) {
        return selected(engine);
      }
      String why = String.join("; ", engine.availability().reasons());
      LOG.log(System.Logger.Level.WARNING, "nearest-neighbour engine {0}: {1}", engine.name(), why);
      reasons.append("; ").append(engine.name()).append(": ").append(why);
    }
    throw new UnavailableException("no nearest-neighbour engine can be used" + reasons);
  }

  private static KnnEngine selected(KnnEngine engine) {
    LOG.log(System.Logger.Level.INFO, "nearest-neighbour engine: {0}", engine.name());
    return engine;
  }
}
