package dev.eigenseg.api.bank;

import dev.eigenseg.api.CorruptFileException;
import dev.eigenseg.api.internal.file.Hashes;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The text of {@code images.tsv}: one line an image, written after the image's rows are on the
 * disk, so a line is a promise that they are there. Each line ends with its own checksum, by which
 * a line torn by a crash is told from a whole one.
 */
final class ImageJournal {
  static final String FILE_NAME = "images.tsv";

  private static final String COLUMNS =
      String.join(
              "\t",
              "id",
              "path",
              "width",
              "height",
              "grid-rows",
              "grid-columns",
              "first-row",
              "low-crc32c",
              "mid-crc32c",
              "high-crc32c",
              "inverse-norms-crc32c",
              "pixels-crc32c",
              "low-sum",
              "mid-sum",
              "high-sum",
              "low-squares",
              "mid-squares",
              "high-squares",
              "line-crc32c")
          + "\n";

  /** The first line. */
  static final byte[] HEADER = COLUMNS.getBytes(StandardCharsets.UTF_8);

  // A path, then the number of the view if it is not the image itself. In an escaped path no
  // backslash stands alone before a number sign.
  private static final String VIEW_MARK = "\\#";
  private static final Pattern VIEW =
      Pattern.compile("((?:[^\\\\]++|\\\\[^#])*+)\\\\#(\\d+)", Pattern.DOTALL);

  private static final int FIELDS = COLUMNS.split("\t").length;

  private ImageJournal() {}

  /**
   * One line.
   *
   * @param image the image
   * @param blocks checksum and sums of the image's rows, by level
   */
  record Line(ImageEntry image, Map<Level, Block> blocks) {
    Line {
      blocks = Map.copyOf(blocks);
    }

    Block block(Level level) {
      return blocks.get(level);
    }

    long endRow() {
      return image.firstRow() + image.patches();
    }
  }

  /**
   * What is remembered of an image's rows of one level.
   *
   * @param crc CRC32C of the stored bytes, padding included
   * @param sum of the values
   * @param squares sum of the squared values
   */
  record Block(int crc, double sum, double squares) {}

  /**
   * The whole lines at the beginning of a journal.
   *
   * @param lines in order
   * @param bytes the length of the header and these lines
   */
  record Parsed(List<Line> lines, long bytes) {}

  static byte[] format(Line line) {
    StringBuilder text = new StringBuilder();
    ImageEntry image = line.image();
    text.append(image.id()).append('\t').append(name(image)).append('\t');
    text.append(image.width()).append('\t').append(image.height()).append('\t');
    text.append(image.gridRows()).append('\t').append(image.gridColumns()).append('\t');
    text.append(image.firstRow()).append('\t');
    for (Level level : Level.values()) {
      text.append(hex(line.block(level).crc())).append('\t');
    }
    for (Level level : BankScales.LEVELS) {
      text.append(line.block(level).sum()).append('\t');
    }
    for (Level level : BankScales.LEVELS) {
      text.append(line.block(level).squares()).append('\t');
    }
    text.append(hex(Hashes.crc32c(text.toString()))).append('\n');
    return text.toString().getBytes(StandardCharsets.UTF_8);
  }

  /**
   * Reads a journal up to the first line that is not whole, at most a number of lines.
   *
   * @throws CorruptFileException if the columns are not these, or whole lines follow a damaged one,
   *     which no crash leaves behind
   */
  static Parsed parse(Path file, byte[] bytes, int most) {
    if (bytes.length < HEADER.length) {
      return new Parsed(List.of(), 0);
    }
    if (!Arrays.equals(bytes, 0, HEADER.length, HEADER, 0, HEADER.length)) {
      throw new CorruptFileException(
          file
              + ": offset 0: not the columns of a bank's images; restore the file, or extract again with --overwrite");
    }
    List<Line> lines = new ArrayList<>();
    int start = HEADER.length;
    long nextRow = 0;
    while (lines.size() < most) {
      int end = endOfLine(bytes, start);
      Optional<Line> line = end < 0 ? Optional.empty() : parseLine(bytes, start, end);
      if (line.isEmpty()
          || line.get().image().id() != lines.size()
          || line.get().image().firstRow() != nextRow) {
        refuseWholeLinesAfter(file, bytes, start, lines.size());
        break;
      }
      lines.add(line.get());
      nextRow = line.get().endRow();
      start = end + 1;
    }
    return new Parsed(lines, start);
  }

  private static void refuseWholeLinesAfter(Path file, byte[] bytes, int damaged, int line) {
    int end = endOfLine(bytes, damaged);
    while (end >= 0) {
      int start = end + 1;
      end = endOfLine(bytes, start);
      if (end >= 0 && parseLine(bytes, start, end).isPresent()) {
        throw new CorruptFileException(
            "%s: offset %d: the line of image %d is damaged, yet whole lines follow; restore the file, or extract again with --overwrite"
                .formatted(file, damaged, line));
      }
    }
  }

  private static int endOfLine(byte[] bytes, int start) {
    for (int i = start; i < bytes.length; i++) {
      if (bytes[i] == '\n') {
        return i;
      }
    }
    return -1;
  }

  private static Optional<Line> parseLine(byte[] bytes, int start, int end) {
    String text = new String(bytes, start, end - start, StandardCharsets.UTF_8);
    String[] fields = text.split("\t", -1);
    int covered = text.lastIndexOf('\t') + 1;
    if (fields.length != FIELDS
        || !fields[FIELDS - 1].equals(hex(Hashes.crc32c(text.substring(0, covered))))) {
      return Optional.empty();
    }
    try {
      return Optional.of(line(fields));
    } catch (IllegalArgumentException e) { // a right checksum of what nobody here wrote
      return Optional.empty();
    }
  }

  private static Line line(String[] fields) {
    Matcher view = VIEW.matcher(fields[1]);
    boolean plain = !view.matches();
    ImageEntry image =
        new ImageEntry(
            Integer.parseInt(fields[0]),
            unescape(plain ? fields[1] : view.group(1)),
            plain ? ImageEntry.PLAIN : Integer.parseInt(view.group(2)),
            Integer.parseInt(fields[2]),
            Integer.parseInt(fields[3]),
            Integer.parseInt(fields[4]),
            Integer.parseInt(fields[5]),
            Long.parseLong(fields[6]));
    Map<Level, Block> blocks = new EnumMap<>(Level.class);
    int crcs = 7;
    int sums = crcs + Level.values().length;
    int scaled = BankScales.LEVELS.size();
    for (Level level : Level.values()) {
      int index = BankScales.LEVELS.indexOf(level);
      blocks.put(
          level,
          new Block(
              HexFormat.fromHexDigits(fields[crcs + blocks.size()]),
              index < 0 ? 0 : finite(fields[sums + index]),
              index < 0 ? 0 : finite(fields[sums + scaled + index])));
    }
    return new Line(image, blocks);
  }

  private static double finite(String field) {
    double value = Double.parseDouble(field);
    if (!Double.isFinite(value)) {
      throw new IllegalArgumentException("not finite: " + field);
    }
    return value;
  }

  private static String hex(int crc) {
    return String.format(Locale.ROOT, "%08x", crc);
  }

  private static String name(ImageEntry image) {
    String path = escape(image.path());
    return image.plain() ? path : path + VIEW_MARK + image.view();
  }

  // Paths may hold any character, also those that end fields and lines.
  private static String escape(String path) {
    return path.replace("\\", "\\\\")
        .replace("\t", "\\t")
        .replace("\n", "\\n")
        .replace("\r", "\\r");
  }

  private static String unescape(String field) {
    StringBuilder path = new StringBuilder();
    for (int i = 0; i < field.length(); i++) {
      char next = field.charAt(i);
      if (next == '\\' && i + 1 < field.length()) {
        i++;
        next =
            switch (field.charAt(i)) {
              case 't' -> '\t';
              case 'n' -> '\n';
              case 'r' -> '\r';
              default -> field.charAt(i);
            };
      }
      path.append(next);
    }
    return path.toString();
  }
}
