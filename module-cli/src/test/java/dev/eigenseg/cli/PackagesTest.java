package dev.eigenseg.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.spi.ToolProvider;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/**
 * The packages of all modules, as the compiled classes depend on one another: no cycle, and data
 * flows one way.
 */
class PackagesTest {
  private static final String ROOT = "dev.eigenseg.";
  private static final Pattern DEPENDENCY =
      Pattern.compile(
          "\\s+(dev\\.eigenseg(?:\\.[a-z]+)*)\\.([A-Z]\\S*)\\s+-> +(dev\\.eigenseg(?:\\.[a-z]+)*)\\.([A-Z]\\S*)\\s.*");

  // A service interface speaks of what it serves, whose static methods look for its providers, as
  // java.nio.file and java.nio.file.spi do: one room with two doors.
  private static final Map<String, String> SAME_ROOM =
      Map.of("dev.eigenseg.api.spi", "dev.eigenseg.api");

  // From images to segments: a package knows those of its own line and the lines before.
  private static final List<Set<String>> ORDER =
      List.of(
          Set.of(
              "api.internal.image",
              "api.internal.resource",
              "api.internal.service",
              "api.mask",
              "api.tensor"),
          Set.of("api.internal.kernel", "api.internal.file"),
          Set.of("api"), // images, geometry, features; and the nouns at the other end
          Set.of("api.bank"),
          Set.of("graph.rows"),
          Set.of("graph"),
          Set.of("graph.strips"),
          Set.of("graph.exact", "graph.kmeans", "graph.kernel"),
          Set.of("graph.ivf", "graph.spectral", "graph.blas", "graph.faiss"),
          Set.of("graph.vector"),
          Set.of("graph.plan"),
          Set.of("infer.layer", "infer.crf"),
          Set.of("infer.vit"),
          Set.of("infer"), // what a model is
          Set.of("infer.psi", "infer.descriptor"),
          Set.of("infer.segment"),
          Set.of("train.neuralef"),
          Set.of("train.torchscript", "train.vit"),
          Set.of("train"),
          Set.of("train.dataset.scene"),
          Set.of("train.dataset"),
          Set.of("train.evaluation"),
          Set.of("train.study"),
          Set.of("cli.session", "cli.mask", "cli.report"),
          Set.of("cli.input"),
          Set.of(
              "cli.bank",
              "cli.demo",
              "cli.evaluate",
              "cli.info",
              "cli.segment",
              "cli.shell",
              "cli.spectral",
              "cli.study",
              "cli.train",
              "cli.weights"),
          Set.of("cli"));

  /** Where each package points to, with the classes that do. */
  private static final Map<String, Map<String, Set<String>>> ARROWS = new TreeMap<>();

  @BeforeAll
  static void draw() throws Exception {
    Path modules = Path.of("").toAbsolutePath().getParent();
    List<String> arguments =
        new ArrayList<>(
            List.of("-verbose:class", "-filter:none", "--ignore-missing-deps", "-cp", "none"));
    try (Stream<Path> folders = Files.list(modules)) {
      folders
          .filter(folder -> folder.getFileName().toString().startsWith("module-"))
          .map(folder -> folder.resolve("target/classes/dev").toString())
          .sorted()
          .forEach(arguments::add);
    }
    StringWriter text = new StringWriter();
    PrintWriter out = new PrintWriter(text);
    int code =
        ToolProvider.findFirst("jdeps")
            .orElseThrow()
            .run(out, out, arguments.toArray(String[]::new));
    assertEquals(0, code, text.toString());
    text.toString().lines().forEach(PackagesTest::add);
  }

  private static void add(String line) {
    Matcher matcher = DEPENDENCY.matcher(line);
    if (!matcher.matches() || matcher.group(4).matches("\\w+Exception")) {
      return; // every room may say what is wrong
    }
    String from = SAME_ROOM.getOrDefault(matcher.group(1), matcher.group(1));
    String to = SAME_ROOM.getOrDefault(matcher.group(3), matcher.group(3));
    if (!from.equals(to)) {
      ARROWS
          .computeIfAbsent(from, key -> new TreeMap<>())
          .computeIfAbsent(to, key -> new TreeSet<>())
          .add(matcher.group(2) + " -> " + matcher.group(4));
    }
  }

  @Test
  void theWholeHouseIsDrawn() {
    Set<String> drawn = new TreeSet<>(ARROWS.keySet());
    ARROWS.values().forEach(to -> drawn.addAll(to.keySet()));
    Set<String> known = new TreeSet<>();
    ORDER.forEach(line -> line.forEach(name -> known.add(ROOT + name)));
    assertEquals(known, drawn, "packages with a place in the order, and packages that there are");
  }

  @Test
  void noPackageIsPartOfACycle() {
    for (String start : ARROWS.keySet()) {
      path(start, start, new TreeSet<>())
          .ifPresent(cycle -> {
            throw new AssertionError("a cycle of packages: " + String.join("\n  ", cycle));
          });
    }
  }

  /** The arrows from one package to another, if there is a way. */
  private static Optional<List<String>> path(String from, String to, Set<String> seen) {
    for (var arrow : ARROWS.getOrDefault(from, Map.of()).entrySet()) {
      String step = from + " -> " + arrow.getKey() + " " + arrow.getValue();
      if (arrow.getKey().equals(to)) {
        return Optional.of(List.of(step));
      }
      if (seen.add(arrow.getKey())) {
        Optional<List<String>> rest = path(arrow.getKey(), to, seen);
        if (rest.isPresent()) {
          List<String> steps = new ArrayList<>(List.of(step));
          steps.addAll(rest.get());
          return Optional.of(steps);
        }
      }
    }
    return Optional.empty();
  }

  @Test
  void dataFlowsFromImagesToSegments() {
    List<String> against = new ArrayList<>();
    ARROWS.forEach((from, targets) ->
        targets.forEach((to, classes) -> {
          if (place(to) > place(from)) {
            against.add(from + " -> " + to + ": " + classes);
          }
        }));
    assertTrue(against.isEmpty(), "against the flow of data:\n" + String.join("\n", against));
  }

  @Test
  void commandsDoNotKnowOneAnother() {
    Set<String> shared = Set.of("cli.session", "cli.input", "cli.mask", "cli.report");
    List<String> across = new ArrayList<>();
    ARROWS.forEach((from, targets) ->
        targets.forEach((to, classes) -> {
          boolean command = from.startsWith(ROOT + "cli.") && to.startsWith(ROOT + "cli.");
          if (command && !shared.contains(to.substring(ROOT.length()))) {
            across.add(from + " -> " + to + ": " + classes);
          }
        }));
    assertTrue(across.isEmpty(), String.join("\n", across));
  }

  private static int place(String name) {
    for (int i = 0; i < ORDER.size(); i++) {
      if (ORDER.get(i).contains(name.substring(ROOT.length()))) {
        return i;
      }
    }
    throw new AssertionError(name + " has no place in the order");
  }
}
