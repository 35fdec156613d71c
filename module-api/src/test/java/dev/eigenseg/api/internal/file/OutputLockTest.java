package dev.eigenseg.api.internal.file;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.eigenseg.api.BadInputException;
import dev.eigenseg.api.UnavailableException;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class OutputLockTest {
  private static final int THREADS = 8;

  @TempDir Path folder;

  /** A process that holds a lock until its input ends. */
  static final class Holder {
    private Holder() {}

    public static void main(String[] arguments) throws IOException {
      try (OutputLock _ = OutputLock.ofFile(Path.of(arguments[0]))) {
        System.out.println("held");
        System.in.read();
      }
    }
  }

  private static Process holder(Path output) throws IOException {
    List<String> command =
        List.of(
            Path.of(System.getProperty("java.home"), "bin", "java").toString(),
            "-XX:TieredStopAtLevel=1",
            "-cp",
            System.getProperty("java.class.path") + ":" + System.getProperty("jdk.module.path", ""),
            Holder.class.getName(),
            output.toString());
    return new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.DISCARD).start();
  }

  @Test
  void anotherProcessIsNamedAndItsDeathEndsItsLock() throws Exception {
    Path output = folder.resolve("model");
    Process holder = holder(output);
    try (BufferedReader says = holder.inputReader()) {
      assertEquals("held", says.readLine());
      UnavailableException busy =
          assertThrows(UnavailableException.class, () -> OutputLock.ofFile(output));
      String message = busy.getMessage();
      assertTrue(message.contains("process " + holder.pid() + ")"), message);
      assertTrue(message.startsWith(output.toString()), message);
    } finally {
      holder.destroyForcibly().waitFor();
    }
    assertTrue(Files.exists(folder.resolve(".model.lock")), "a killed process deletes nothing");
    OutputLock.ofFile(output).close();
    assertEquals(List.of(), files());
  }

  /** POSIX ends all locks of a process on a file when any of its channels of it is closed. */
  @Test
  void aRefusedAttemptLeavesTheLockToItsHolder() throws Exception {
    Path output = folder.resolve("model");
    Path link = Files.createSymbolicLink(folder.resolve("here"), folder);
    try (OutputLock _ = OutputLock.ofFile(output)) {
      for (Path name : List.of(output, link.resolve("model"))) {
        assertThrows(UnavailableException.class, () -> OutputLock.ofFile(name));
      }
      Process other = holder(output);
      try (BufferedReader says = other.inputReader()) {
        assertNull(says.readLine(), "the lock is another process's as well");
      } finally {
        other.destroyForcibly().waitFor();
      }
    }
  }

  private List<Path> files() throws IOException {
    try (Stream<Path> list = Files.list(folder)) {
      return list.toList();
    }
  }

  @Test
  void oneThreadAtATimeHasIt() throws Exception {
    Path output = folder.resolve("model");
    AtomicInteger inside = new AtomicInteger();
    AtomicInteger taken = new AtomicInteger();
    try (ExecutorService pool = Executors.newFixedThreadPool(THREADS)) {
      List<Future<?>> all =
          IntStream.range(0, THREADS)
              .<Future<?>>mapToObj(thread ->
                  pool.submit(() -> {
                    for (int i = 0; i < 200; i++) {
                      try (OutputLock _ = OutputLock.ofFile(output)) {
                        assertEquals(1, inside.incrementAndGet());
                        taken.getAndIncrement();
                        inside.getAndDecrement();
                      } catch (UnavailableException e) {
                        assertTrue(e.getMessage().contains("writing it"), e.getMessage());
                      }
                    }
                    return null;
                  }))
              .toList();
      for (Future<?> one : all) {
        one.get();
      }
    }
    assertTrue(taken.get() > 0, "nobody ever had it");
    assertEquals(List.of(), files());
  }

  @Test
  void foldersAndTheirFilesHaveLocksOfTheirOwn() throws IOException {
    try (OutputLock _ = OutputLock.ofFolder(folder);
        OutputLock _ = OutputLock.ofFile(folder.resolve("model"))) {
      assertThrows(UnavailableException.class, () -> OutputLock.ofFolder(folder));
    }
  }

  @Test
  void aLinkInTheLocksPlaceIsNotFollowed() throws IOException {
    Path precious = Files.writeString(folder.resolve("precious"), "text");
    Files.createSymbolicLink(folder.resolve(".model.lock"), precious);
    assertThrows(IOException.class, () -> OutputLock.ofFile(folder.resolve("model")));
    assertEquals("text", Files.readString(precious));
  }

  @Test
  void whatCannotBeReplacedCannotBeLocked() throws IOException {
    for (Path none : List.of(folder, folder.getRoot())) {
      assertThrows(BadInputException.class, () -> OutputLock.ofFile(none));
    }
    for (String name : List.of("a".repeat(255), "写".repeat(85))) {
      OutputLock.ofFile(folder.resolve(name)).close();
    }
    assertFalse(Files.exists(folder.resolve(".lock")));
  }
}
