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
import java.util.Optional;

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
    Optional<Path> file = file(spec);
    if (file.isEmpty()) {
      return;
    }
    String found = Shards.sha256(file.get());
    String sha256 = manifest.backboneSha256();
    if (!found.equals(sha256)) {
      throw new IncompatibleException(
          "%s was made with a backbone of SHA-256 %s, but %s has %s; give the right one with -b"
              .formatted(bank, sha256, file.get(), found));
    }
    remember(session, spec, sha256);
  }

  private static Optional<Path> file(String spec) {
    int colon = spec.indexOf(':');
    return colon < 0 ? Optional.empty() : Optional.of(Path.of(spec.substring(colon + 1)));
  }

  /**
   * Remembers the file of a specification, if it has one. That it cannot be remembered is said, and
   * ends no command.
   *
   * @param sha256 of the backbone that was opened
   */
  public static void remember(Session session, String spec, String sha256) {
    Optional<Path> file = file(spec).filter(Files::isRegularFile);
    if (file.isEmpty()) {
      return;
    }
    NamedWeights named = NamedWeights.ofUser();
    try {
      named.remember(sha256, file.get());
    } catch (IOException | RuntimeException e) {
      session.warn(
          "%s is not remembered in %s (%s): name it with -b again in other commands"
              .formatted(file.get(), named.folder(), e.getMessage()));
    }
  }
}
