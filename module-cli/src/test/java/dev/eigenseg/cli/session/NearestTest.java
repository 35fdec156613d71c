package dev.eigenseg.cli.session;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.List;
import org.junit.jupiter.api.Test;

class NearestTest {
  private static final List<String> WORDS = List.of("off", "on", "both", "segment", "segments");

  @Test
  void theNearestComesFirst() {
    assertEquals(List.of("segment", "segments"), Nearest.of("segmnt", WORDS));
    assertEquals(List.of("segments", "segment"), Nearest.of("SEGMNETS", WORDS));
    assertEquals(List.of("both"), Nearest.of("boht", WORDS));
    assertEquals(List.of("off", "on"), Nearest.of("of", WORDS));
    assertEquals(List.of("segment", "segments"), Nearest.of("seg", WORDS));
  }

  @Test
  void farWordsAreNotOffered() {
    for (String word : List.of("", "x", "se", "paint", "bottom")) {
      assertEquals(List.of(), Nearest.of(word, WORDS), word);
    }
  }

  @Test
  void theQuestion() {
    assertEquals("", Nearest.question(List.of()));
    assertEquals("; did you mean 'off' or 'on'?", Nearest.question(List.of("off", "on")));
  }
}
