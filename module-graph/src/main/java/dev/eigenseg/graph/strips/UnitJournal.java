package dev.eigenseg.graph.strips;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import dev.eigenseg.api.CorruptFileException;
import dev.eigenseg.api.internal.file.ChannelWrites;
import dev.eigenseg.api.internal.file.Hashes;
import dev.eigenseg.api.internal.file.RegularFile;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/**
 * Owns the journal of an unfinished search: what it searches for, then a line for every commit,
 * which says how many units are done. Each line ends with its own checksum, by which a line torn by
 * a crash is told from a whole one. The file is made with the first commit.
 */
final class UnitJournal implements AutoCloseable {
  private static final int VERSION = 2;

  private final Path path;
  private final long stripRows;
  private final Map<String, String> settings;
  private final List<Long> commits;
  private long bytes;
  private Optional<FileChannel> channel = Optional.empty();

  private UnitJournal(
      Path path, long stripRows, Map<String, String> settings, List<Long> commits, long bytes) {
    this.path = path;
    this.stripRows = stripRows;
    this.settings = settings;
    this.commits = new ArrayList<>(commits);
    this.bytes = bytes;
  }

  /** A search that is to begin. */
  static UnitJournal begin(Path path, long stripRows, Map<String, String> settings) {
    return new UnitJournal(path, stripRows, Map.copyOf(settings), List.of(), 0);
  }

  /**
   * A search that was begun, if there is one.
   *
   * @throws CorruptFileException if another version wrote it, or something else did
   */
  static Optional<UnitJournal> read(Path path) throws IOException {
    byte[] content;
    try {
      content = RegularFile.bytes(path);
    } catch (NoSuchFileException e) {
      return Optional.empty();
    }
    List<String> lines = wholeLines(content);
    if (lines.size() < 2) {
      return Optional.empty(); // it died before it had finished anything
    }
    try {
      return Optional.of(parse(path, lines));
    } catch (CorruptFileException e) {
      throw e;
    } catch (RuntimeException e) {
      // Gson reports what is missing or of another kind by several unrelated exceptions.
      throw new CorruptFileException(
          "%s: not the journal of a search (%s); start over with --overwrite"
              .formatted(path, e.getMessage()),
          e);
    }
  }

  private static UnitJournal parse(Path path, List<String> lines) {
    JsonObject header = JsonParser.parseString(lines.getFirst()).getAsJsonObject();
    if (header.get("version").getAsInt() != VERSION) {
      throw new CorruptFileException(
          "%s: version %s, this program reads version %d; start over with --overwrite"
              .formatted(path, header.get("version"), VERSION));
    }
    Map<String, String> settings = new TreeMap<>();
    for (Map.Entry<String, JsonElement> entry : header.getAsJsonObject("settings").entrySet()) {
      settings.put(entry.getKey(), entry.getValue().getAsString());
    }
    long stripRows = header.get("strip-rows").getAsLong();
    if (stripRows < 1) {
      throw new IllegalArgumentException("strips of " + stripRows + " rows");
    }
    List<Long> commits = lines.stream().skip(1).map(Long::valueOf).toList();
    long last = 0;
    for (long units : commits) {
      if (units < last) {
        throw new IllegalArgumentException("%d units are done after %d".formatted(units, last));
      }
      last = units;
    }
    long bytes = lines.stream().mapToLong(line -> sealed(line).length).sum();
    return new UnitJournal(path, stripRows, settings, commits, bytes);
  }

  /** The lines up to the first that is not whole. */
  private static List<String> wholeLines(byte[] content) {
    List<String> lines = new ArrayList<>();
    String text = new String(content, StandardCharsets.UTF_8);
    int begin = 0;
    for (int end = text.indexOf('\n'); end >= 0; end = text.indexOf('\n', begin)) {
      String line = text.substring(begin, end + 1);
      String payload = line.substring(0, Math.max(0, line.lastIndexOf('\t')));
      if (!line.equals(new String(sealed(payload), StandardCharsets.UTF_8))) {
        break;
      }
      lines.add(payload);
      begin = end + 1;
    }
    return lines;
  }

  private static byte[] sealed(String payload) {
    return "%s\t%08x\n".formatted(payload, Hashes.crc32c(payload)).getBytes(StandardCharsets.UTF_8);
  }

  /** Rows of a strip. */
  long stripRows() {
    return stripRows;
  }

  /** How many units were done at each commit. */
  List<Long> commits() {
    return List.copyOf(commits);
  }

  /** How many units were done at the last commit. */
  long committed() {
    return commits.isEmpty() ? 0 : commits.getLast();
  }

  /** In what this search differs from another, for a message. */
  Optional<String> difference(Map<String, String> others) {
    return SearchSettings.difference(settings, others);
  }

  /** Says that so many units are done; returns when the disk knows. */
  void add(long units, Disk disk) throws IOException {
    FileChannel file = channel.isPresent() ? channel.get() : openForWriting();
    append(file, Long.toString(units));
    disk.force(file, true);
    commits.add(units);
  }

  private FileChannel openForWriting() throws IOException {
    FileChannel file =
        FileChannel.open(
            path, StandardOpenOption.CREATE, StandardOpenOption.WRITE, LinkOption.NOFOLLOW_LINKS);
    channel = Optional.of(file);
    file.truncate(bytes);
    if (bytes == 0) {
      append(file, header());
    }
    return file;
  }

  private String header() {
    JsonObject json = new JsonObject();
    json.addProperty("version", VERSION);
    json.addProperty("strip-rows", stripRows);
    JsonObject texts = new JsonObject();
    new TreeMap<>(settings).forEach(texts::addProperty);
    json.add("settings", texts);
    return json.toString();
  }

  private void append(FileChannel file, String payload) throws IOException {
    bytes = ChannelWrites.all(file, ByteBuffer.wrap(sealed(payload)), bytes);
  }

  @Override
  public void close() throws IOException {
    if (channel.isPresent()) {
      channel.get().close();
    }
  }
}
