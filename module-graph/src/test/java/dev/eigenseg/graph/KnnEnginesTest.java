package dev.eigenseg.graph;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.eigenseg.api.UnavailableException;
import dev.eigenseg.api.spi.KnnEngine;
import java.io.IOException;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class KnnEnginesTest {
  @Test
  void selectsByNameAndAutomatically() {
    assertEquals("vector", KnnEngines.select("vector").name());
    assertEquals("vector", KnnEngines.select("auto").name());
  }

  @Test
  void anUnknownNameListsTheKnown() {
    UnavailableException e =
        assertThrows(UnavailableException.class, () -> KnnEngines.select("abacus"));
    assertTrue(e.getMessage().contains("abacus") && e.getMessage().contains("vector"));
  }

  @Test
  void theThreadsOwnLoaderIsAskedToo(@TempDir Path folder) throws IOException {
    Path services = Files.createDirectories(folder.resolve("META-INF/services"));
    Files.writeString(services.resolve(KnnEngine.class.getName()), "com.example.Missing");
    Thread thread = Thread.currentThread();
    ClassLoader before = thread.getContextClassLoader();
    try (URLClassLoader plugins = new URLClassLoader(new URL[] {folder.toUri().toURL()}, before)) {
      thread.setContextClassLoader(plugins);
      List<String> failures = KnnEngines.installed().failures();
      assertEquals(1, failures.size(), failures.toString());
      assertTrue(failures.getFirst().contains("com.example.Missing"), failures.toString());
      assertEquals("vector", KnnEngines.select("auto").name());
    } finally {
      thread.setContextClassLoader(before);
    }
  }
}
