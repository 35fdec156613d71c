package dev.eigenseg.api.bank;

import dev.eigenseg.api.ImageGeometry;
import dev.eigenseg.api.Images;
import dev.eigenseg.api.IncompatibleException;
import java.nio.file.Path;
import java.util.Optional;
import java.util.TreeMap;

/** In what a run's settings differ from those of the bank that it would continue. */
final class SettingsDifference {
  private SettingsDifference() {}

  /**
   * Refuses to continue a bank of other settings.
   *
   * @throws IncompatibleException naming the first setting that differs
   */
  static void refuse(Path directory, BankSettings bank, BankSettings run) {
    first(bank, run)
        .ifPresent(difference -> {
          throw new IncompatibleException(
              "%s: the bank's %s is %s, this run's is %s; use the bank's settings, another folder, or --overwrite"
                  .formatted(
                      directory, difference.setting(), difference.one(), difference.other()));
        });
  }

  /**
   * The first setting that differs.
   *
   * @param setting its name, for people
   */
  record Difference(String setting, String one, String other) {}

  /** The first setting in which banks differ, if features of both cannot stand in one. */
  static Optional<Difference> first(BankSettings bank, BankSettings run) {
    String[][] compared = {
      {"backbone", bank.backboneId(), run.backboneId()},
      {"backbone's SHA-256", bank.backboneSha256(), run.backboneSha256()},
      {
        "backbone's settings",
        new TreeMap<>(bank.backboneSettings()).toString(),
        new TreeMap<>(run.backboneSettings()).toString()
      },
      {"backbone's channels", bank.dims().toString(), run.dims().toString()},
      {"--dtype", bank.dtype().toString(), run.dtype().toString()},
      {"--size", describeSize(bank.geometry()), describeSize(run.geometry())},
      {
        "patch size",
        Integer.toString(bank.geometry().patchSize()),
        Integer.toString(run.geometry().patchSize())
      },
      {"--border", describeBorder(bank.geometry()), describeBorder(run.geometry())},
      {"--bands", describeBands(bank.geometry()), describeBands(run.geometry())},
      {"--views", describeViews(bank), describeViews(run)}
    };
    for (String[] setting : compared) {
      if (!setting[1].equals(setting[2])) {
        return Optional.of(new Difference(setting[0], setting[1], setting[2]));
      }
    }
    return Optional.empty();
  }

  private static String describeSize(ImageGeometry geometry) {
    return geometry.resize().map(ImageGeometry.Size::toString).orElse("each image's own");
  }

  // A size of whole patches has no border: banks of before there was a choice can be continued.
  private static String describeBorder(ImageGeometry geometry) {
    int patch = geometry.patchSize();
    return geometry
        .resize()
        .filter(size -> size.width() % patch == 0 && size.height() % patch == 0)
        .map(size -> "none")
        .orElse(geometry.border().text());
  }

  private static String describeBands(ImageGeometry geometry) {
    return geometry.bands().map(Images.Bands::toString).orElse("those of the image as it is shown");
  }

  private static String describeViews(BankSettings settings) {
    return settings.views().isEmpty() ? "1" : new TreeMap<>(settings.views()).toString();
  }
}
