package dev.eigenseg.graph;

import dev.eigenseg.api.UnavailableException;
import dev.eigenseg.api.internal.service.Services;
import dev.eigenseg.api.spi.KnnEngine;
import dev.eigenseg.api.spi.KnnIndex;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.ServiceLoader;
import java.util.stream.Collectors;

/** The nearest-neighbour engines that are installed. */
public final class KnnEngines {
  private static final System.Logger LOG = System.getLogger(KnnEngines.class.getName());

  private static final String EMBEDDED = "dev.eigenseg.graph.vector.VectorKnnEngine";

  private KnnEngines() {}

  /** All engines, available or not, by falling priority. */
  public static List<KnnEngine> all() {
    Services.Found<KnnEngine> found = installed();
    for (String failure : found.failures()) {
      LOG.log(
          System.Logger.Level.WARNING,
          "a nearest-neighbour engine cannot be loaded and is left out: {0}",
          failure);
    }
    return found.providers().stream()
        .sorted(Comparator.comparingInt(KnnEngine::priority).reversed())
        .toList();
  }

  /** Engines by providers' order, and why some cannot be loaded. */
  static Services.Found<KnnEngine> installed() {
    return Services.find(KnnEngines.class, classes -> ServiceLoader.load(KnnEngine.class, classes));
  }

  /**
   * Finds an engine.
   *
   * @param name an engine's name, which never falls back to another, or {@code "auto"} for the
   *     available engine of the highest priority
   * @throws UnavailableException if there is none; the message holds every reason
   */
  public static KnnEngine select(String name) {
    return select(name, KnnIndex.Kind.EXACT);
  }

  /**
   * Finds an engine that has an index, and searches on the CPU.
   *
   * @param name as for {@link #select(String)}
   * @throws UnavailableException if there is none; the message holds every reason
   */
  public static KnnEngine select(String name, KnnIndex.Kind kind) {
    return select(name, kind, "cpu");
  }

  /**
   * Finds an engine that has an index, and searches on a device.
   *
   * @param name as for {@link #select(String)}
   * @param device {@code "cpu"} or {@code "cuda:0"}
   * @throws UnavailableException if there is none; the message holds every reason
   */
  public static KnnEngine select(String name, KnnIndex.Kind kind, String device) {
    List<KnnEngine> engines = all();
    if (name.equals("auto")) {
      return automatic(engines.stream().filter(e -> e.supports(kind)).toList(), device);
    }
    for (KnnEngine engine : engines) {
      if (engine.name().equals(name)) {
        Optional<String> why = refusal(engine, device);
        if (why.isPresent()) {
          throw new UnavailableException("engine %s: %s".formatted(name, why.get()));
        }
        if (!engine.supports(kind)) {
          throw new UnavailableException(
              "engine %s has no %s index; choose another with --engine or --index"
                  .formatted(name, kind.text()));
        }
        return selected(engine);
      }
    }
    throw new UnavailableException(
        "there is no nearest-neighbour engine \"%s\"; installed: %s (or auto)"
            .formatted(
                name, engines.stream().map(KnnEngine::name).collect(Collectors.joining(", "))));
  }

  /** Why an engine cannot search on a device, if so. */
  static Optional<String> refusal(KnnEngine engine, String device) {
    if (!engine.availability().available()) {
      return Optional.of(String.join("; ", engine.availability().reasons()));
    }
    return engine.serves(device)
        ? Optional.empty()
        : Optional.of(
            "it does not search on %s; it was built without support for it, or there is no such device (see 'eigenseg info')"
                .formatted(device));
  }

  private static KnnEngine automatic(List<KnnEngine> engines, String device) {
    StringBuilder reasons = new StringBuilder();
    for (KnnEngine engine : engines) {
      Optional<String> why = refusal(engine, device);
      if (why.isEmpty()) {
        return selected(engine);
      }
      LOG.log(
          System.Logger.Level.WARNING,
          "nearest-neighbour engine {0}: {1}",
          engine.name(),
          why.get());
      reasons.append("; ").append(engine.name()).append(": ").append(why.get());
    }
    if (engines.isEmpty()) {
      reasons.append(Services.unmergedHint(KnnEngines.class, KnnEngine.class, EMBEDDED));
    }
    throw new UnavailableException("no nearest-neighbour engine can be used" + reasons);
  }

  private static KnnEngine selected(KnnEngine engine) {
    LOG.log(System.Logger.Level.INFO, "nearest-neighbour engine: {0}", engine.name());
    return engine;
  }
}
