package dev.eigenseg.api.internal.resource;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;

class ClosingTest {
  private final List<String> closed = new ArrayList<>();

  private void close(String name) {
    closed.add(name);
    if (name.startsWith("bad")) {
      throw new IllegalStateException(name);
    }
  }

  @Test
  void allAreClosedAndNoFailureIsLost() {
    IllegalStateException e =
        assertThrows(
            IllegalStateException.class,
            () -> Closing.all(Arrays.asList("a", "bad 1", null, "b", "bad 2", "c"), this::close));
    assertEquals(List.of("a", "bad 1", "b", "bad 2", "c"), closed);
    assertEquals("bad 1", e.getMessage());
    assertEquals("bad 2", e.getSuppressed()[0].getMessage());
  }

  @Test
  void nothingIsThrownIfNothingFails() {
    Closing.all(List.of("a", "b"), this::close);
    assertEquals(List.of("a", "b"), closed);
  }

  @Test
  void failuresAfterAFailureAreSuppressed() {
    IOException first = new IOException("first");
    IOException second = new IOException("second");
    AutoCloseable failing =
        () -> {
          throw second;
        };
    Closing.after(first, failing, null, () -> close("a"), () -> close("bad 1"), () -> close("b"));
    assertEquals(List.of("a", "bad 1", "b"), closed);
    assertSame(second, first.getSuppressed()[0]);
    assertEquals("bad 1", first.getSuppressed()[1].getMessage());
    Closing.after(first, List.of());
    assertArrayEquals(new Throwable[] {second, first.getSuppressed()[1]}, first.getSuppressed());
  }
}
