package dev.eigenseg.api.internal.service;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.Iterator;
import java.util.List;
import java.util.ServiceConfigurationError;
import java.util.function.Supplier;
import org.junit.jupiter.api.Test;

final class ServicesTest {
  /** A loader that hands out what suppliers give or throw, without an end if told so. */
  private static Iterator<Object> loader(List<Supplier<Object>> steps, boolean endless) {
    return new Iterator<>() {
      private int step;

      @Override
      public boolean hasNext() {
        return endless || step < steps.size();
      }

      @Override
      public Object next() {
        return steps.get(step++ % steps.size()).get();
      }
    };
  }

  private static Object broken() {
    throw new ServiceConfigurationError("no such class");
  }

  private static Object older() {
    throw new NoClassDefFoundError("of another version");
  }

  @Test
  void aBrokenProviderDoesNotKeepOthersAway() {
    Services.Found<Object> found =
        Services.load(
            List.of(
                loader(List.of(ServicesTest::broken, ServicesTest::older, () -> "sound"), false)));
    assertEquals(List.of("sound"), found.providers());
    assertEquals(List.of("no such class", "of another version"), found.failures());
  }

  @Test
  void aSecondLoaderAddsWhatTheFirstDoesNotKnow() {
    Services.Found<Object> found =
        Services.load(
            List.of(
                loader(List.of(() -> "first"), false),
                loader(List.of(() -> "again", ServicesTest::broken, () -> 7), false)));
    assertEquals(List.of("first", 7), found.providers());
    assertEquals(List.of("no such class"), found.failures());
  }

  @Test
  void aLoaderThatDoesNotMoveOnIsGivenUp() {
    assertEquals(
        List.of("no such class"),
        Services.load(List.of(loader(List.of(ServicesTest::broken), true))).failures());
  }
}
