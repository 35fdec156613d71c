package dev.eigenseg.infer;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.eigenseg.infer.psi.PsiNetwork;
import java.io.IOException;
import java.io.InputStream;
import java.lang.module.ModuleDescriptor;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.junit.jupiter.api.Test;

/** The module path and the class path offer the same providers. */
class ProvidersTest {
  @Test
  void moduleAndClassPathDeclareTheSameProviders() throws IOException {
    Module module = PsiNetwork.class.getModule();
    assertTrue(module.isNamed(), "this test runs on the module path");
    assertFalse(module.getDescriptor().provides().isEmpty());
    for (ModuleDescriptor.Provides provides : module.getDescriptor().provides()) {
      String resource = "/META-INF/services/" + provides.service();
      try (InputStream in = PsiNetwork.class.getResourceAsStream(resource)) {
        assertTrue(in != null, resource + " is missing");
        List<String> lines = new String(in.readAllBytes(), StandardCharsets.UTF_8).lines().toList();
        assertEquals(provides.providers(), lines);
      }
    }
  }
}
