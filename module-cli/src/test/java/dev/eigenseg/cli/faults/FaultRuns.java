package dev.eigenseg.cli.faults;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Stream;

/**
 * Runs scenarios with a fault at one site after the other, {@code FaultRuns FOLDER SEED|all
 * [SCENARIO...]}, and prints what was wrong, and one line for each scenario. With a seed, a third
 * of the sites throw, each in its first and its last call; another seed may mean another third.
 * With {@code all} every site throws, in its second call as well, every call that failed is made
 * again, and long scenarios are run, too.
 */
public final class FaultRuns {
  /** Before why a scenario was left out. */
  static final String SKIPPED = ": skipped, ";

  private static final int THIRD = 3;

  // Forcing the folder comes last: the result has its name by then, and what it was made of stays.
  private static final String LAST_STEP = "AtomicFile.forceFolder:";

  private final Path folder;
  private final boolean all;
  private final long seed;
  private int runs;
  private int faults;
  private int wrong;

  private FaultRuns(Path folder, String sites) {
    this.folder = folder;
    this.all = sites.equals("all");
    this.seed = all ? 0 : Long.parseLong(sites);
  }

  public static void main(String[] arguments) throws Exception {
    Path folder = Path.of(arguments[0]);
    List<String> wanted = Arrays.asList(arguments).subList(2, arguments.length);
    FaultLoader loader = new FaultLoader(FaultRuns.class.getClassLoader());
    Thread.currentThread().setContextClassLoader(loader);
    Object scenarios =
        loader
            .loadClass(Scenarios.class.getName())
            .getConstructor(Path.class)
            .newInstance(Files.createDirectories(folder.resolve("base")));
    List<?> all = (List<?>) scenarios.getClass().getMethod("all").invoke(scenarios);
    FaultRuns runs = new FaultRuns(folder.resolve("run"), arguments[1]);
    for (Object scenario : all) {
      if (scenario instanceof Scenario known
          && (wanted.isEmpty() ? runs.all || !known.isLong() : wanted.contains(known.name()))) {
        runs.inject(known);
      }
    }
    System.out.printf(
        "faults: %d thrown in %d runs, %d wrong%n", runs.faults, runs.runs, runs.wrong);
    System.exit(runs.wrong == 0 ? 0 : 1);
  }

  private void inject(Scenario scenario) throws Exception {
    if (scenario.missing().isPresent()) {
      System.out.println(scenario.name() + SKIPPED + scenario.missing().get());
      return;
    }
    long start = System.nanoTime();
    Optional<Throwable> failure = Optional.empty();
    Map<String, String> expected = Map.of();
    for (int i = 0; i < 2 && failure.isEmpty(); i++) { // what is opened once and for all, is open
      fresh();
      Faults.begin();
      failure = run(scenario);
      expected = results();
    }
    if (failure.isPresent() || !Faults.live().isEmpty()) {
      wrong(scenario, "without a fault", failure, List.of("live: " + Faults.live()));
      return;
    }
    Map<String, Integer> calls = Faults.calls();
    int before = wrong;
    int first = runs;
    for (Map.Entry<String, Integer> site : calls.entrySet()) {
      if (!all && Math.floorMod(site.getKey().hashCode() + seed, THIRD) != 0) {
        continue;
      }
      SortedSet<Integer> numbers = new TreeSet<>(List.of(1, site.getValue()));
      if (all) {
        numbers.add(Math.min(2, site.getValue()));
      }
      for (int call : numbers) {
        inject(scenario, site.getKey(), call, expected);
      }
    }
    System.out.printf(
        "%s: %d sites, %d runs, %d wrong, %.1f s%n",
        scenario.name(),
        calls.size(),
        runs - first,
        wrong - before,
        (System.nanoTime() - start) * 1e-9);
  }

  private void inject(Scenario scenario, String site, int call, Map<String, String> expected)
      throws IOException {
    runs++;
    fresh();
    Faults.begin(site, call);
    Optional<Throwable> failure = run(scenario);
    Optional<Throwable> thrown = Faults.thrown();
    Map<String, Integer> live = Faults.live();
    List<String> complaints = new ArrayList<>();
    if (!live.isEmpty()) {
      complaints.add("live: " + live);
    }
    if (thrown.isPresent()) {
      faults++;
    }
    // Threads do not always make the same number of calls.
    if (thrown.isPresent()
        && failure.isEmpty()
        && (expected.isEmpty() || !results().equals(expected))) {
      complaints.add("the fault came to nothing, but the results are others");
    }
    if (failure.isPresent() && !(thrown.isPresent() && comesFrom(failure.get(), thrown.get()))) {
      complaints.add("another failure");
    }
    for (Map.Entry<String, String> result : results().entrySet()) {
      String name = result.getKey();
      boolean whole = result.getValue().equals(expected.get(name));
      if (name.endsWith(".tmp")) {
        complaints.add("left behind: " + name);
      } else if (!whole && (name.equals("graph.knn") || name.equals("model"))) {
        complaints.add("half written: " + name);
      }
    }
    if (all && failure.isPresent() && !site.startsWith(LAST_STEP)) {
      again(scenario, expected, complaints);
    }
    if (!complaints.isEmpty()) {
      wrong(scenario, site + ", call " + call, failure, complaints);
    }
  }

  /** The same call after it failed: it goes on, or begins anew, and gives the same. */
  private void again(Scenario scenario, Map<String, String> expected, List<String> complaints)
      throws IOException {
    Faults.begin();
    Optional<Throwable> again = run(scenario);
    again.ifPresent(e -> complaints.add("the same call fails afterwards: " + text(e)));
    if (!Faults.live().isEmpty()) {
      complaints.add("live after the same call: " + Faults.live());
    }
    if (again.isEmpty() && !results().equals(expected)) {
      complaints.add("the same call afterwards gives " + difference(expected, results()));
    }
  }

  private static List<String> difference(Map<String, String> expected, Map<String, String> found) {
    SortedSet<String> names = new TreeSet<>(expected.keySet());
    names.addAll(found.keySet());
    return names.stream()
        .filter(name -> !expected.getOrDefault(name, "").equals(found.getOrDefault(name, "")))
        .toList();
  }

  private void wrong(
      Scenario scenario, String where, Optional<Throwable> failure, List<String> complaints) {
    wrong++;
    System.out.println(scenario.name() + ": WRONG with a fault in " + where);
    complaints.forEach(complaint -> System.out.println("  " + complaint));
    failure.ifPresent(e -> System.out.println("  " + text(e).replace("\n", "\n  ").strip()));
  }

  private static boolean comesFrom(Throwable failure, Throwable cause) {
    return Stream.iterate(failure, Objects::nonNull, Throwable::getCause).anyMatch(cause::equals);
  }

  private Optional<Throwable> run(Scenario scenario) {
    try {
      scenario.run(folder);
      return Optional.empty();
    } catch (Throwable e) { // of every kind
      return Optional.of(e);
    }
  }

  private static String text(Throwable e) {
    StringWriter text = new StringWriter();
    e.printStackTrace(new PrintWriter(text, true));
    return text.toString();
  }

  private void fresh() throws IOException {
    if (Files.exists(folder)) {
      try (Stream<Path> files = Files.walk(folder)) {
        for (Path file : files.toList().reversed()) {
          Files.delete(file);
        }
      }
    }
    Files.createDirectories(folder);
  }

  /** The files that a run left, locks aside, and their content. */
  private Map<String, String> results() throws IOException {
    Map<String, String> results = new TreeMap<>();
    try (Stream<Path> files = Files.walk(folder)) {
      for (Path file : files.filter(Files::isRegularFile).toList()) {
        String name = folder.relativize(file).toString();
        if (!name.endsWith(".lock")) {
          byte[] bytes = Files.readAllBytes(file);
          results.put(name, bytes.length + ":" + Arrays.hashCode(bytes));
        }
      }
    }
    return results;
  }
}
