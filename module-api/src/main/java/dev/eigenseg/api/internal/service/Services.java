package dev.eigenseg.api.internal.service;

import java.util.ArrayList;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
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
   * The flag that is missing when the Vector API's module was not resolved, as happens on the class
   * path; else empty.
   */
  public static String incubatorHint() {
    return ModuleLayer.boot().findModule("jdk.incubator.vector").isPresent()
        ? ""
        : "; start java with --add-modules jdk.incubator.vector";
  }
}
