package dev.eigenseg.cli.input;

import dev.eigenseg.api.Backbones;
import dev.eigenseg.api.internal.file.WeightsFolder;
import dev.eigenseg.api.spi.BackboneProvider;
import dev.eigenseg.cli.session.Nearest;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/** Reads what users write for a backbone: a specification, or the file of a checkpoint alone. */
public final class BackboneSpec implements ITypeConverter<String> {
  private static final int SHOWN = 8;
  private static final String VIT = "vit:";

  @Override
  public String convert(String value) {
    String spec = Backbones.specification(value);
    boolean named = spec.startsWith(VIT) && !exists(spec.substring(VIT.length()));
    List<String> schemes = Backbones.providers().stream().map(BackboneProvider::scheme).toList();
    boolean unknown = !schemes.contains(scheme(spec));
    if (named || unknown) {
      meant(named ? spec.substring(VIT.length()) : spec)
          .ifPresent(meant -> {
            throw new TypeConversionException(
                "'%s' is no file and no kind of backbone; %s".formatted(value, meant));
          });
    }
    String scheme = scheme(value);
    if (!schemes.contains(scheme) && !exists(value)) {
      List<String> alike =
          Nearest.of(scheme, schemes).stream()
              .map(found -> found + value.substring(scheme.length()))
              .toList();
      if (!alike.isEmpty()) {
        throw new TypeConversionException(
            "'%s' is no kind of backbone%s".formatted(value, Nearest.question(alike)));
      }
    }
    return spec;
  }

  private static String scheme(String text) {
    return text.contains(":") ? text.substring(0, text.indexOf(':')) : text;
  }

  private static boolean exists(String file) {
    try {
      return Files.exists(Path.of(file));
    } catch (InvalidPathException e) {
      return false;
    }
  }

  private static Optional<String> meant(String text) {
    String name =
        text.endsWith(WeightsFolder.SUFFIX)
            ? text.substring(0, text.length() - WeightsFolder.SUFFIX.length())
            : text;
    Optional<Catalogue.Entry> exact = Catalogue.find(name);
    if (exact.isPresent()) {
      Path file = WeightsFolder.file(name, Optional.empty());
      return Optional.of(
          Files.exists(file)
              ? "these weights are here: -b vit:" + file
              : "'eigenseg weights pull %s' fetches it, then -b vit:%s".formatted(name, file));
    }
    List<Catalogue.Entry> alike = Catalogue.like(name);
    return alike.isEmpty()
        ? Optional.empty()
        : Optional.of(
            alike.stream()
                .limit(SHOWN)
                .map(Catalogue.Entry::name)
                .collect(
                    Collectors.joining(
                        ", ",
                        "did you mean ",
                        "? 'eigenseg weights pull NAME' fetches one, then -b vit:FILE")));
  }
}
