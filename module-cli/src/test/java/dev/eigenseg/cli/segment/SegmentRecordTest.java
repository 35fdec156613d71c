package dev.eigenseg.cli.segment;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.eigenseg.api.internal.file.ResultNames;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SegmentRecordTest {
  @TempDir Path folder;

  /** A process may end between the line and the mask, and the next one makes the mask again. */
  @Test
  void aResultThatIsMadeAgainHasOneLine() throws IOException {
    SegmentRecord.Origin origin = new SegmentRecord.Origin("a", "/a.png", 10, 20, "ab", "");
    SegmentRecord.Origin other = new SegmentRecord.Origin("b", "/b.png", 10, 20, "ab", "");
    SegmentRecord killed = SegmentRecord.open(folder);
    killed.add(origin);
    SegmentRecord next = SegmentRecord.open(folder);
    next.keepOnly("ab", "");
    next.add(other);
    next.add(origin);
    List<String> lines = Files.readAllLines(folder.resolve(ResultNames.RECORD));
    assertEquals(List.of("a", "b"), names(lines.stream()));
    SegmentRecord.Origin edited = new SegmentRecord.Origin("a", "/a.png", 11, 21, "ab", "");
    next.add(edited);
    assertEquals(edited, SegmentRecord.open(folder).origin("a").orElseThrow());
  }

  private static List<String> names(Stream<String> lines) {
    return lines.map(line -> line.replaceAll(".*\"name\":\"(\\w)\".*", "$1")).toList();
  }
}
