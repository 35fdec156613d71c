package dev.eigenseg.api;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.eigenseg.api.internal.file.Hashes;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TrustedCodeTest {
  private static final String HASH = Hashes.sha256("a module");

  @TempDir Path folder;

  @Test
  void theUsersListIsWhatSha256sumPrints() {
    String list = "# mine\n\n%s  mobilenet.pt\n".formatted(HASH.toUpperCase(java.util.Locale.ROOT));
    assertTrue(TrustedCode.isListed(HASH, list));
    assertTrue(TrustedCode.isListed(HASH, HASH));
    assertFalse(TrustedCode.isListed(HASH, ""));
    assertFalse(TrustedCode.isListed(HASH, HASH.substring(1) + "  mobilenet.pt"));
    assertFalse(TrustedCode.isListed(HASH, "# " + HASH));
  }

  @Test
  void consentEndsWithTheWorkThatItWasGivenFor() throws IOException {
    Path file = Files.writeString(folder.resolve("a.pt"), "code");
    String hash = Hashes.sha256(file);
    assertThrows(BadInputException.class, () -> TrustedCode.require(file, hash));
    TrustedCode.trusting(() -> {
      TrustedCode.require(file, hash);
      return null;
    });
    BadInputException refused =
        assertThrows(BadInputException.class, () -> TrustedCode.require(file, hash));
    assertTrue(refused.getMessage().contains(hash), refused.getMessage());
    TrustedCode.allow(file);
    TrustedCode.require(file, hash);
  }
}
