package dev.eigenseg.graph;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.eigenseg.api.UnavailableException;
import dev.eigenseg.api.spi.KnnEngine;
import java.io.IOException;
import java.io.InputStream;
import java.lang.module.ModuleDescriptor;
import java.nio.charset.StandardCharsets;
import java.util.HashSet;
import java.util.Iterator;
import java.util.List;
import java.util.ServiceConfigurationError;
import java.util.Set;
import org.junit.jupiter.api.Test;

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
  void aBrokenProviderDoesNotKeepOthersAway() {
    Iterator<KnnEngine> sound = List.of(KnnEngines.select("vector")).iterator();
    Iterator<KnnEngine> providers =
        new Iterator<>() {
          private int asked;

          @Override
          public boolean hasNext() {
            return sound.hasNext();
          }

          @Override
          public KnnEngine next() {
            return switch (asked++) {
              case 0 -> throw new ServiceConfigurationError("no such class");
              case 1 -> throw new NoClassDefFoundError("of another version");
              default -> sound.next();
            };
          }
        };
    assertEquals(
        List.of("vector"), KnnEngines.byPriority(providers).stream().map(KnnEngine::name).toList());
  }

  @Test
  void classPathAndModulePathOfferTheSameEngines() throws IOException {
    Set<String> services = new HashSet<>();
    try (InputStream in =
        KnnEngines.class.getResourceAsStream("/META-INF/services/" + KnnEngine.class.getName())) {
      services.addAll(List.of(new String(in.readAllBytes(), StandardCharsets.UTF_8).split("\\s+")));
    }
    ModuleDescriptor module = KnnEngines.class.getModule().getDescriptor();
    Set<String> provided = new HashSet<>();
    for (ModuleDescriptor.Provides provides : module.provides()) {
      provided.addAll(provides.providers());
    }
    assertEquals(provided, services);
  }
}
