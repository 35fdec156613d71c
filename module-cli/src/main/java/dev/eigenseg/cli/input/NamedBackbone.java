package dev.eigenseg.cli.input;

import dev.eigenseg.api.internal.file.NamedWeights;
import dev.eigenseg.cli.session.Session;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * Remembers the file of a backbone that the user named, so that banks and models of it find it
 * again without being told.
 */
public final class NamedBackbone {
  private NamedBackbone() {}

  /**
   * Remembers the file of a specification, if it has one. That it cannot be remembered is said, and
   * ends no command.
   *
   * @param sha256 of the backbone that was opened
   */
  public static void remember(Session session, String spec, String sha256) {
    int colon = spec.indexOf(':');
    if (colon < 0) {
      return;
    }
    Path file = Path.of(spec.substring(colon + 1));
    if (!Files.isRegularFile(file)) {
      return;
    }
    NamedWeights named = NamedWeights.ofUser();
    try {
      named.remember(sha256, file);
    } catch (IOException | RuntimeException e) {
      session.warn(
          "%s is not remembered in %s (%s): name it with -b again where it is needed"
              .formatted(file, named.folder(), e.getMessage()));
    }
  }
}
