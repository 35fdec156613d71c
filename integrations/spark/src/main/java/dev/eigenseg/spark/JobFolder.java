package dev.eigenseg.spark;

import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import dev.eigenseg.api.BadInputException;
import dev.eigenseg.api.IncompatibleException;
import dev.eigenseg.api.UnavailableException;
import dev.eigenseg.api.internal.file.AtomicFile;
import dev.eigenseg.api.internal.file.OutputLock;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.HexFormat;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.concurrent.ThreadLocalRandom;
import java.util.stream.Stream;

/**
 * Owns, on the driver, the hidden folder beside a target in which a job's tasks leave what they
 * have finished, and the lock that makes this the target's only job. A job that was stopped, or
 * whose driver died, goes on with what is there.
 */
final class JobFolder implements AutoCloseable {
  private static final String SETTINGS = "job.json";

  private final Path path;
  private final OutputLock lock;

  private JobFolder(Path path, OutputLock lock) {
    this.path = path;
    this.lock = lock;
  }

  /**
   * Opens the folder of a target, or makes it.
   *
   * @param target what the job makes; nothing is there yet
   * @param settings by which an unfinished job is known again
   * @throws BadInputException if something is at the target already
   * @throws UnavailableException if another job is making this target
   * @throws IncompatibleException if an unfinished job with other settings is there; the message
   *     names what differs
   */
  static JobFolder open(Path target, SortedMap<String, String> settings) throws IOException {
    Path path = target.resolveSibling("." + target.getFileName() + ".spark");
    requireAbsent(target);
    Files.createDirectories(path);
    OutputLock lock = lock(path, target);
    try {
      requireAbsent(target); // which another job may have made before it gave up the lock
      claim(path, target, settings);
      return new JobFolder(path, lock);
    } catch (IOException | RuntimeException | Error e) {
      lock.close();
      throw e;
    }
  }

  private static void requireAbsent(Path target) {
    if (Files.exists(target)) {
      throw new BadInputException(target + " is there already; name another place, or delete it");
    }
  }

  private static OutputLock lock(Path path, Path target) throws IOException {
    try {
      return OutputLock.ofFolder(path);
    } catch (UnavailableException e) {
      throw new UnavailableException(
          "another job is making %s, in %s; wait until it has ended, or stop it"
              .formatted(target, path),
          e);
    } catch (NoSuchFileException e) { // another job has ended just now
      requireAbsent(target);
      throw e;
    }
  }

  private static void claim(Path path, Path target, SortedMap<String, String> settings)
      throws IOException {
    Path file = path.resolve(SETTINGS);
    SortedMap<String, String> found;
    try {
      found = parse(Files.readString(file));
    } catch (NoSuchFileException e) {
      AtomicFile.writeString(file, text(settings));
      return;
    }
    for (Map.Entry<String, String> setting : settings.entrySet()) {
      String other = found.getOrDefault(setting.getKey(), "absent");
      if (!other.equals(setting.getValue())) {
        throw new IncompatibleException(
            "an unfinished job for %s is in %s, but its %s is %s, not %s; start it again as it was, or delete that folder"
                .formatted(target, path, setting.getKey(), other, setting.getValue()));
      }
    }
  }

  private static SortedMap<String, String> parse(String text) {
    SortedMap<String, String> settings = new TreeMap<>();
    JsonParser.parseString(text)
        .getAsJsonObject()
        .asMap()
        .forEach((name, value) -> settings.put(name, value.getAsString()));
    return settings;
  }

  private static String text(SortedMap<String, String> settings) {
    JsonObject json = new JsonObject();
    settings.forEach(json::addProperty);
    return json + "\n";
  }

  Path path() {
    return path;
  }

  /**
   * Deletes the folder with all that is in it: the job is done. It first gets another name, at
   * once: attempts that still work find nothing where they began, and no job takes what is left of
   * the folder for finished work.
   */
  void delete() throws IOException {
    long random = ThreadLocalRandom.current().nextLong();
    Path done =
        path.resolveSibling(path.getFileName() + "-done-" + HexFormat.of().toHexDigits(random));
    Files.move(path, done, StandardCopyOption.ATOMIC_MOVE);
    close();
    deleteTree(done);
  }

  /** Deletes a folder, if it is there, and what is in it. */
  static void deleteTree(Path folder) throws IOException {
    if (Files.isDirectory(folder)) {
      try (Stream<Path> children = Files.list(folder)) {
        for (Path child : children.toList()) {
          deleteTree(child);
        }
      }
    }
    Files.deleteIfExists(folder);
  }

  /** Gives up the lock, and leaves what tasks have finished for the same job to go on with. */
  @Override
  public void close() throws IOException {
    lock.close();
  }
}
