package dev.eigenseg.cli.input;

import dev.eigenseg.api.IncompatibleException;
import dev.eigenseg.api.internal.file.NamedWeights;
import dev.eigenseg.api.internal.file.Shards;
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
   * Remembers a backbone that the user named for a bank.
   *
   * @param bank for messages
   * @param sha256 of the bank's backbone
   * @throws IncompatibleException if the file has another
   */
  public static void require(Session session, String spec, Path bank, String sha256)
      throws IOException {
    int colon = spec.indexOf(':');
    if (colon >= 0) {
      Path file = Path.of(spec.substring(colon + 1));
      String found = Shards.sha256(file);
      if (!found.equals(sha256)) {
        throw new IncompatibleException(
            "%s was made with a backbone of SHA-256 %s, but %s has %s; give the right one with -b"
                .formatted(bank, sha256, file, found));
      }
      remember(session, spec, sha256);
    }
  }

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
          "%s is not remembered in %s (%s): name it with -b again in other commands"
              .formatted(file, named.folder(), e.getMessage()));
    }
  }
}
