package dev.eigenseg.api;

import java.util.ArrayList;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.ServiceConfigurationError;
import java.util.ServiceLoader;
import java.util.Set;

/** Finds service providers on the module path and on the class path. */
final class Services {
  /**
   * More failures than this are not providers that cannot be loaded but a loader that does not move
   * on.
   */
  private static final int MOST_FAILURES = 16;

  private Services() {}

  /**
   * Providers of a service, and those that could not be loaded.
   *
   * @param providers one of each class
   * @param failures why others are missing, with cause and remedy
   */
  record Found<S>(List<S> providers, List<String> failures) {}

  /**
   * Looks with the loader of this class, and with the thread's own, which in containers is the one
   * that knows plug-ins.
   */
  static <S> Found<S> find(Class<S> service) {
    Map<Class<?>, S> providers = new LinkedHashMap<>();
    Set<String> failures = new LinkedHashSet<>();
    load(ServiceLoader.load(service, Services.class.getClassLoader()), providers, failures);
    ClassLoader context = Thread.currentThread().getContextClassLoader();
    if (context != null) {
      load(ServiceLoader.load(service, context), providers, failures);
    }
    return new Found<>(List.copyOf(providers.values()), new ArrayList<>(failures));
  }

  private static <S> void load(
      ServiceLoader<S> loader, Map<Class<?>, S> providers, Set<String> failures) {
    Iterator<S> iterator = loader.iterator();
    int failed = 0;
    while (failed < MOST_FAILURES) {
      try {
        if (!iterator.hasNext()) {
          return;
        }
        S provider = iterator.next();
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
  static String incubatorHint() {
    return ModuleLayer.boot().findModule("jdk.incubator.vector").isPresent()
        ? ""
        : "; start java with --add-modules jdk.incubator.vector";
  }
}
