package dev.eigenseg.cli.input;

import dev.eigenseg.api.IncompatibleException;
import dev.eigenseg.api.bank.BankManifest;
import dev.eigenseg.api.internal.file.NamedWeights;
import dev.eigenseg.api.internal.file.RecordedBackbone;
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
   * @param manifest the bank's
   * @throws IncompatibleException if the backbone is of another kind, or the file has another
   */
  public static void require(Session session, String spec, Path bank, BankManifest manifest)
      throws IOException {
    RecordedBackbone recorded = RecordedBackbone.of(manifest.backboneSpec());
    String scheme = RecordedBackbone.of(spec).scheme();
    if (!scheme.equals(recorded.scheme())) {
      throw new IncompatibleException(
          "%s was made with a backbone of kind '%s' (%s), but '%s' is of kind '%s'; give the right one with -b, or leave it out"
              .formatted(bank, recorded.scheme(), recorded, spec, scheme));
    }
    int colon = spec.indexOf(':');
    if (colon >= 0) {
      Path file = Path.of(spec.substring(colon + 1));
      String found = Shards.sha256(file);
      String sha256 = manifest.backboneSha256();
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
