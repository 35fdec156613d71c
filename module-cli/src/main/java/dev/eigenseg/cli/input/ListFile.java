package dev.eigenseg.cli.input;

import dev.eigenseg.api.BadInputException;
import dev.eigenseg.api.internal.file.RegularFile;
import dev.eigenseg.api.internal.file.SystemReason;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.Charset;
import java.nio.charset.CharsetDecoder;
import java.nio.charset.CoderResult;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;

/**
 * A text file of one input a line: in UTF-8 or UTF-16, with or without a byte order mark, as
 * editors and shells write it. Empty lines, and those that begin with a number sign, say nothing.
 */
final class ListFile {
  private static final char MARK = '\uFEFF';

  private ListFile() {}

  /**
   * Its inputs.
   *
   * @throws BadInputException if it is no text in these encodings, or cannot be read
   */
  static List<String> read(Path list) {
    byte[] bytes;
    try {
      bytes = RegularFile.bytes(list);
    } catch (IOException e) {
      throw new BadInputException("the list %s: %s".formatted(list, SystemReason.of(e)), e);
    }
    String text = decode(list, bytes);
    return text.lines()
        .map(String::strip)
        .filter(line -> !line.isEmpty() && !line.startsWith("#"))
        .toList();
  }

  private static String decode(Path list, byte[] bytes) {
    Charset charset = charset(bytes);
    CharBuffer text = CharBuffer.allocate(bytes.length);
    ByteBuffer input = ByteBuffer.wrap(bytes);
    CharsetDecoder decoder = charset.newDecoder();
    CoderResult result = decoder.decode(input, text, true);
    if (result.isError()) {
      throw new BadInputException(
          "the list %s: line %d is not text in %s; save it as UTF-8"
              .formatted(list, 1 + text.flip().chars().filter(c -> c == '\n').count(), charset));
    }
    String whole = text.flip().toString();
    return whole.indexOf(MARK) == 0 ? whole.substring(1) : whole;
  }

  // UTF-16 without a mark is known by the zeros of its line ends and of Latin letters, which no
  // path has in UTF-8.
  private static Charset charset(byte[] bytes) {
    if (bytes.length < 2 || bytes.length % 2 != 0) {
      return StandardCharsets.UTF_8;
    }
    int first = ((bytes[0] & 0xFF) << 8) | (bytes[1] & 0xFF);
    if (first == MARK) {
      return StandardCharsets.UTF_16BE;
    }
    if (first == 0xFFFE) {
      return StandardCharsets.UTF_16LE;
    }
    int[] zeros = new int[2];
    for (int i = 0; i < bytes.length; i++) {
      if (bytes[i] == 0) {
        zeros[i % 2]++;
      }
    }
    if (zeros[0] == zeros[1]) {
      return StandardCharsets.UTF_8;
    }
    return zeros[0] > zeros[1] ? StandardCharsets.UTF_16BE : StandardCharsets.UTF_16LE;
  }
}
