package dev.eigenseg.api.internal.resource;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.junit.jupiter.api.Test;

class InUseTest {
  private final InUse inUse = new InUse("the well");

  @Test
  void closingWaitsForTheCallsUnderWay() throws Exception {
    inUse.enter();
    CompletableFuture<Boolean> closing = CompletableFuture.supplyAsync(inUse::close);
    assertThrows(TimeoutException.class, () -> closing.get(50, TimeUnit.MILLISECONDS));
    inUse.leave();
    assertTrue(closing.get(10, TimeUnit.SECONDS));
    assertFalse(inUse.close());
  }

  @Test
  void noCallBeginsAfterClosing() {
    assertTrue(inUse.close());
    IllegalStateException e = assertThrows(IllegalStateException.class, inUse::enter);
    assertEquals("the well is closed", e.getMessage());
    assertFalse(inUse.close());
  }
}
