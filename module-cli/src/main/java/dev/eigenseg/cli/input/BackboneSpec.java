package dev.eigenseg.cli.input;

import dev.eigenseg.api.Backbones;
import dev.eigenseg.api.internal.file.WeightsFolder;
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
    boolean unknown =
        Backbones.providers().stream()
            .noneMatch(p -> spec.equals(p.scheme()) || spec.startsWith(p.scheme() + ":"));
    if (named || unknown) {
      meant(named ? spec.substring(VIT.length()) : spec)
          .ifPresent(meant -> {
            throw new TypeConversionException(
                "'%s' is no file and no kind of backbone; %s".formatted(value, meant));
          });
    }
    return spec;
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
