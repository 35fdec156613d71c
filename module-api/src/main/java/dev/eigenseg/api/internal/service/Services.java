package dev.eigenseg.api.internal.service;

import java.net.URL;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.ServiceConfigurationError;
import java.util.ServiceLoader;
import java.util.Set;
import java.util.function.Function;

/** Finds service providers on the module path and on the class path. */
public final class Services {
  /**
   * More failures than this are not providers that cannot be loaded but a loader that does not move
   * on.
   */
  private static final int MOST_FAILURES = 16;

  private Services() {}

  /**
   * Providers of a service, and those that could not be loaded.
   *
   * @param providers one of each class, in the order in which they were found
   * @param failures why others are missing, with cause and remedy
   */
  public record Found<S>(List<S> providers, List<String> failures) {}

  /**
   * Looks with the loader of the class that asks, and with the thread's own, which in containers is
   * the one that knows plug-ins. A provider that cannot be loaded does not keep the others away.
   *
   * @param user the class that asks
   * @param lookup {@code loader -> ServiceLoader.load(THE_SERVICE.class, loader)}, called in the
   *     module that uses the service, as its descriptor says
   */
  public static <S> Found<S> find(Class<?> user, Function<ClassLoader, ServiceLoader<S>> lookup) {
    List<Iterator<S>> loaders = new ArrayList<>();
    loaders.add(lookup.apply(user.getClassLoader()).iterator());
    ClassLoader context = Thread.currentThread().getContextClassLoader();
    if (context != null) {
      loaders.add(lookup.apply(context).iterator());
    }
    return load(loaders);
  }

  static <S> Found<S> load(List<Iterator<S>> loaders) {
    Map<Class<?>, S> providers = new LinkedHashMap<>();
    Set<String> failures = new LinkedHashSet<>();
    loaders.forEach(loader -> load(loader, providers, failures));
    return new Found<>(List.copyOf(providers.values()), List.copyOf(failures));
  }

  private static <S> void load(
      Iterator<S> loader, Map<Class<?>, S> providers, Set<String> failures) {
    int failed = 0;
    while (failed < MOST_FAILURES) {
      try {
        if (!loader.hasNext()) {
          return;
        }
        S provider = loader.next();
        providers.putIfAbsent(provider.getClass(), provider);
      } catch (ServiceConfigurationError | LinkageError e) {
        failed++;
        failures.add(e.getMessage() + incubatorHint());
      }
    }
  }

  /**
   * What to say if a provider is missing whose class is here: the files that name the providers of
   * several jars were written over each other, as happens when they are put into one. Else empty.
   *
   * @param user the class that asks
   * @param service what it asks for
   * @param provider the name of the class that is missing among the providers
   */
  public static String unmergedHint(Class<?> user, Class<?> service, String provider) {
    URL found =
        Optional.ofNullable(user.getClassLoader())
            .map(loader -> loader.getResource(provider.replace('.', '/') + ".class"))
            .orElse(null);
    if (found == null || user.getModule().isNamed()) {
      return "";
    }
    String place = found.toString();
    int inside = place.indexOf("!/");
    return ("; %s is in %s, but no META-INF/services/%s names it: the jar was made of several and"
            + " lacks entries of META-INF/services; merge service files when building an uber jar"
            + " (ServicesResourceTransformer of Maven Shade, mergeServiceFiles() of Gradle Shadow)")
        .formatted(
            provider,
            inside < 0
                ? "a folder of the class path"
                : place.substring(0, inside).replaceFirst("^jar:(file:)?", ""),
            service.getName());
  }

  /**
   * The flag that is missing when the Vector API's module was not resolved, as happens on the class
   * path; else empty.
   */
  public static String incubatorHint() {
    return ModuleLayer.boot().findModule("jdk.incubator.vector").isPresent()
        ? ""
        : "; start java with --add-modules jdk.incubator.vector";
  }
}
