package dev.eigenseg.cli.weights;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParseException;
import com.google.gson.JsonParser;
import dev.eigenseg.api.BadInputException;
import dev.eigenseg.api.CorruptFileException;
import dev.eigenseg.api.internal.file.AtomicFile;
import dev.eigenseg.api.internal.file.Hashes;
import dev.eigenseg.api.internal.file.OutputLock;
import dev.eigenseg.api.internal.file.SafeTensors;
import dev.eigenseg.api.internal.file.WeightsFolder;
import dev.eigenseg.cli.session.ByteSize;
import dev.eigenseg.cli.session.Session;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;

/**
 * Brings one checkpoint to its place. Its name appears only when the file is whole, on disk, has
 * the expected hash and is a readable safetensors file.
 */
public final class Pull {
  private final Session session;
  private final URI source;
  private final Path target;
  private final Optional<String> expected;
  private final Download download;

  /**
   * @param expected the catalogue's SHA-256
   * @param patience how long a server may send nothing
   */
  public Pull(
      Session session, URI source, Path target, Optional<String> expected, Duration patience) {
    this.session = session;
    this.source = source;
    this.target = target;
    this.expected = expected;
    this.download = new Download(session.progress(), patience);
  }

  /**
   * How a pull ended.
   *
   * @param comparedWith who said what the hash must be
   */
  record Result(
      Path file,
      URI source,
      long bytes,
      String sha256,
      String comparedWith,
      long resumedFrom,
      boolean alreadyThere,
      Optional<Path> config) {
    JsonObject toJson(String name) {
      JsonObject json = new JsonObject();
      json.addProperty("name", name);
      json.addProperty("file", file.toString());
      json.addProperty("url", source.toString());
      json.addProperty("bytes", bytes);
      json.addProperty("sha256", sha256);
      json.addProperty("compared-with", comparedWith);
      json.addProperty("resumed-from", resumedFrom);
      json.addProperty("already-there", alreadyThere);
      config.ifPresent(path -> json.addProperty("config", path.toString()));
      return json;
    }
  }

  /** Does it. */
  public Result run(boolean overwrite) throws IOException {
    Files.createDirectories(target.toAbsolutePath().getParent());
    if (Files.isSymbolicLink(target)) {
      throw new BadInputException(target + " is a link; name the file that it leads to with -o");
    }
    try (OutputLock _ = OutputLock.ofFile(target)) {
      return Files.exists(target) && !overwrite ? present() : fetched(overwrite);
    }
  }

  private Result present() throws IOException {
    readable(target, "delete it, or pull with --overwrite");
    String sha256 = Hashes.sha256(target);
    Optional<String> recorded = HashRecord.read(target);
    Optional<String> known = expected.or(() -> recorded);
    if (known.isPresent() && !known.get().equals(sha256)) {
      throw new CorruptFileException(
          "%s is there, but its SHA-256 is %s, expected %s; delete it, or pull with --overwrite"
              .formatted(target, sha256, known.get()));
    }
    session.say(target + " is there already; --overwrite fetches it again");
    String comparedWith =
        expected.isPresent() ? "catalogue" : recorded.isPresent() ? "first pull" : "nothing";
    return new Result(
        target, source, Files.size(target), sha256, comparedWith, 0, true, config(false));
  }

  private Result fetched(boolean overwrite) throws IOException {
    Path part = target.resolveSibling(target.getFileName() + ".part");
    if (overwrite) {
      Download.discard(part);
    }
    session.say("from " + source);
    Download.Received received = download.file(source, part, SafeTensors::bytesOf);
    if (received.resumedFrom() > 0) {
      session.say("continued after %d bytes".formatted(received.resumedFrom()));
    }
    String remedy = "it is kept as " + part + "; pull with --overwrite, or from another server";
    readable(part, remedy);
    String sha256 = Hashes.sha256(part);
    requireHash(sha256, expected, "the catalogue", remedy);
    requireHash(sha256, received.sha256(), "the server", remedy);
    long bytes = Files.size(part);
    AtomicFile.publish(part, target);
    Download.discard(part);
    HashRecord.write(target, sha256);
    String comparedWith =
        expected.isPresent() ? "catalogue" : received.sha256().isPresent() ? "server" : "nothing";
    session.say(
        "%s: %s, SHA-256 %s, %s"
            .formatted(target, new ByteSize(bytes), sha256, judgement(comparedWith)));
    Optional<Path> config = config(overwrite);
    if (config.isEmpty()) {
      session.say("the server has no config.json; options such as --heads say how to read it");
    }
    return new Result(
        target, source, bytes, sha256, comparedWith, received.resumedFrom(), false, config);
  }

  private String judgement(String comparedWith) {
    return comparedWith.equals("nothing")
        ? "which nothing here can compare and "
            + HashRecord.file(target).getFileName()
            + " now records"
        : "as the " + comparedWith + " says";
  }

  private static void requireHash(
      String found, Optional<String> expected, String who, String remedy) {
    if (expected.isPresent() && !expected.get().equals(found)) {
      throw new CorruptFileException(
          "what came has SHA-256 %s, %s says %s; %s".formatted(found, who, expected.get(), remedy));
    }
  }

  private static void readable(Path file, String remedy) throws IOException {
    try {
      SafeTensors.open(file).close();
    } catch (CorruptFileException e) {
      throw new CorruptFileException(e.getMessage() + "; " + remedy, e);
    }
  }

  // How the weights are read, as timm publishes it; a user's own changes to it are kept.
  private Optional<Path> config(boolean overwrite) throws IOException {
    Path file = WeightsFolder.config(target);
    if (Files.exists(file) && !overwrite) {
      return Optional.of(file);
    }
    Optional<String> text = download.text(source.resolve("config.json"));
    if (text.isEmpty() || !isObject(text.get())) {
      return Optional.empty();
    }
    AtomicFile.writeString(file, text.get());
    return Optional.of(file);
  }

  private static boolean isObject(String text) {
    try {
      JsonElement json = JsonParser.parseString(text);
      return json.isJsonObject();
    } catch (JsonParseException e) {
      return false; // a page that says in words that there is none
    }
  }
}
