package dev.eigenseg.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;

/** What shells and man are told of the commands. */
class ManualTest {
  @TempDir static Path folder;

  private static final Shell SHELL = new Shell();

  @BeforeAll
  static void write() {
    assertEquals(0, SHELL.run("generate-manual", "-o", folder.resolve("man1").toString()));
  }

  private static List<CommandSpec> commands() {
    List<CommandSpec> all = new ArrayList<>();
    collect(SHELL.commands(), all);
    return all;
  }

  private static void collect(CommandLine command, List<CommandSpec> all) {
    all.add(command.getCommandSpec());
    command.getSubcommands().values().forEach(sub -> collect(sub, all));
  }

  private static String output(String... command) throws IOException {
    try {
      Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
      String text = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
      process.waitFor();
      return text;
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }

  private static boolean isHere(String program) {
    return Stream.of(System.getenv("PATH").split(":"))
        .anyMatch(path -> Files.isExecutable(Path.of(path, program)));
  }

  @Test
  void everyCommandHasAPageWithEveryOption() throws IOException {
    List<CommandSpec> commands = commands();
    assertTrue(commands.size() > 20, commands.toString());
    for (CommandSpec command : commands) {
      Path file = folder.resolve("man1").resolve(command.qualifiedName("-") + ".1");
      String page = Files.readString(file);
      assertTrue(page.startsWith(".TH \"" + "EIGENSEG"), page);
      for (OptionSpec option : command.options()) {
        String name = "\\fB" + option.longestName().replace("-", "\\-") + "\\fR";
        assertTrue(page.contains(name), name + " in " + file);
      }
    }
    try (Stream<Path> pages = Files.list(folder.resolve("man1"))) {
      assertEquals(commands.size(), pages.count());
    }
  }

  @Test
  void thePagesSayWhatTheHelpSays() throws IOException {
    assumeTrue(isHere("groff"), "groff is not installed");
    for (CommandSpec command : commands()) {
      String name = command.qualifiedName("-");
      String page = folder.resolve("man1").resolve(name + ".1").toString();
      String text =
          output("groff", "-ww", "-man", "-Tascii", "-P-cbou", "-rLL=100n", "-rHY=0", page);
      assertFalse(text.contains("warning") || text.contains("error:"), text);
      String words = text.replaceAll("\\s+", " ");
      for (OptionSpec option : command.options()) {
        for (String line : option.description()) {
          assertTrue(words.contains(line.replaceAll("\\s+", " ")), line + "\nin " + text);
        }
      }
      for (String line : command.usageMessage().footer()) {
        String typed = line.strip();
        assertTrue(
            typed.startsWith("Ex") || words.contains(typed.replaceAll("\\s+", " ")),
            typed + "\nin " + text);
      }
    }
  }

  @Test
  void scriptsForThreeShells() {
    for (String shell : List.of("bash", "zsh", "fish")) {
      assertEquals(0, SHELL.run("generate-completion", shell), SHELL.err());
      for (CommandSpec command : commands()) {
        assertTrue(SHELL.out().contains(command.name()), command.name());
      }
    }
    SHELL.run("generate-completion", "bash");
    String bash = SHELL.out();
    SHELL.run("generate-completion");
    assertEquals(bash, SHELL.out());
  }

  @Test
  void fishCompletes() throws IOException {
    assumeTrue(isHere("fish"), "fish is not installed");
    assertEquals(0, SHELL.run("generate-completion", "fish"));
    Path script = Files.writeString(folder.resolve("eigenseg.fish"), SHELL.out());
    assertEquals("", output("fish", "--no-execute", script.toString()));
    assertEquals(List.of("segment"), completed(script, "eigenseg segm"));
    assertEquals(List.of("--window"), completed(script, "eigenseg segment --wind"));
    assertEquals(List.of("--window"), completed(script, "eigenseg segment -m graph --wind"));
    assertEquals(List.of(), completed(script, "eigenseg graph merge --wind"));
    assertEquals(List.of("both", "off", "on"), completed(script, "eigenseg evaluate --crf "));
    assertEquals(List.of("list", "pull", "verify"), completed(script, "eigenseg weights "));
    assertEquals(List.of("merge"), completed(script, "eigenseg graph mer"));
    assertEquals(
        List.of("bash", "fish", "zsh"), completed(script, "eigenseg generate-completion "));
  }

  private static List<String> completed(Path script, String line) throws IOException {
    String command = "cd /; source '%s'; complete -C '%s'".formatted(script, line);
    return output("fish", "--no-config", "-c", command)
        .lines()
        .map(found -> found.replaceFirst("\t.*", ""))
        .sorted()
        .toList();
  }
}
