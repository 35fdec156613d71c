package dev.eigenseg.api.bank;

import com.google.gson.Gson;
import com.google.gson.GsonBuilder;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import dev.eigenseg.api.Backbone.FeatureDims;
import dev.eigenseg.api.CorruptFileException;
import dev.eigenseg.api.ImageGeometry;
import dev.eigenseg.api.Images;
import dev.eigenseg.api.Provenance;
import dev.eigenseg.api.internal.file.AtomicFile;
import dev.eigenseg.api.internal.file.Hashes;
import dev.eigenseg.api.internal.file.RegularFile;
import dev.eigenseg.api.tensor.DType;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/**
 * The content of {@code manifest.json}: settings from the first moment on, a summary once the bank
 * was finished, provenance in a member of its own, and a checksum over all of it.
 *
 * @param settings of the features
 * @param fileBytes the size after which a level begins a new file
 * @param summary what the finished bank holds
 * @param provenance where it comes from
 */
record ManifestFile(
    BankSettings settings, long fileBytes, Optional<Summary> summary, Provenance provenance) {
  static final String FILE_NAME = "manifest.json";
  private static final String FORMAT = "eigenseg-bank";
  private static final int VERSION = 1;

  // RGB in [0, 1] goes into the backbone, which applies its own normalisation. Banks written before
  // this was recorded were made so too.
  // Banks of before there was a choice do not have it: theirs is black.
  private static final String BORDER = "border";
  private static final String PIXELS = "pixel-normalisation";
  private static final String PIXELS_TO_BACKBONE = "backbone";

  record Summary(int images, long rows, float lowScale, float midScale, float highScale) {}

  BankManifest manifest(Summary finished) {
    return new BankManifest(
        settings,
        finished.images(),
        finished.rows(),
        finished.lowScale(),
        finished.midScale(),
        finished.highScale(),
        provenance);
  }

  void write(Path directory) throws IOException {
    JsonObject bank = bankJson();
    JsonObject origin = provenance.toJson();
    JsonObject json = new JsonObject();
    json.addProperty("format", FORMAT);
    json.addProperty("version", VERSION);
    json.add("bank", bank);
    json.add("provenance", origin);
    json.addProperty("crc32c", crc(bank, origin));
    AtomicFile.writeString(
        directory.resolve(FILE_NAME),
        new GsonBuilder().setPrettyPrinting().disableHtmlEscaping().create().toJson(json) + "\n");
  }

  /** Reads a manifest; empty if there is none. */
  static Optional<ManifestFile> read(Path directory) throws IOException {
    Path file = directory.resolve(FILE_NAME);
    byte[] bytes;
    try {
      bytes = RegularFile.bytes(file);
    } catch (NoSuchFileException e) {
      return Optional.empty();
    }
    try {
      return Optional.of(
          parse(
              JsonParser.parseString(new String(bytes, StandardCharsets.UTF_8)).getAsJsonObject()));
    } catch (RuntimeException e) {
      // Gson reports what is missing or of another kind by several unrelated exceptions.
      throw new CorruptFileException(
          "%s: not a bank's manifest (%s); restore the file, or extract again with --overwrite"
              .formatted(file, e.getMessage()),
          e);
    }
  }

  private JsonObject bankJson() {
    JsonObject json = new JsonObject();
    json.addProperty("backbone-id", settings.backboneId());
    json.addProperty("backbone-sha256", settings.backboneSha256());
    json.addProperty("backbone-spec", settings.backboneSpec());
    if (!settings.backboneSettings().isEmpty()) {
      json.add(
          "backbone-settings", new Gson().toJsonTree(new TreeMap<>(settings.backboneSettings())));
    }
    json.addProperty("low", settings.dims().low());
    json.addProperty("mid", settings.dims().mid());
    json.addProperty("high", settings.dims().high());
    json.addProperty("dtype", settings.dtype().name().toLowerCase(Locale.ROOT));
    settings.geometry().resize().ifPresent(size -> json.addProperty("size", size.toString()));
    json.addProperty("patch-size", settings.geometry().patchSize());
    if (settings.geometry().border() != ImageGeometry.Border.BLACK) {
      json.addProperty(BORDER, settings.geometry().border().text());
    }
    settings.geometry().bands().ifPresent(bands -> json.addProperty("bands", bands.toString()));
    json.addProperty(PIXELS, PIXELS_TO_BACKBONE);
    if (!settings.views().isEmpty()) {
      json.add("views", new Gson().toJsonTree(new TreeMap<>(settings.views())));
    }
    json.addProperty("file-bytes", fileBytes);
    summary.ifPresent(finished -> {
      json.addProperty("images", finished.images());
      json.addProperty("rows", finished.rows());
      json.addProperty("low-scale", finished.lowScale());
      json.addProperty("mid-scale", finished.midScale());
      json.addProperty("high-scale", finished.highScale());
    });
    return json;
  }

  private static ManifestFile parse(JsonObject json) {
    if (!json.get("format").getAsString().equals(FORMAT)) {
      throw new IllegalArgumentException("format " + json.get("format") + ", not " + FORMAT);
    }
    if (json.get("version").getAsInt() != VERSION) {
      throw new IllegalArgumentException(
          "version %s, this program reads version %d".formatted(json.get("version"), VERSION));
    }
    JsonObject bank = json.getAsJsonObject("bank");
    JsonObject origin = json.getAsJsonObject("provenance");
    String expected = crc(bank, origin);
    if (!json.get("crc32c").getAsString().equals(expected)) {
      throw new IllegalArgumentException(
          "checksum %s, expected %s".formatted(json.get("crc32c"), expected));
    }
    // The checksum holds, so this is what was written.
    if (bank.has(PIXELS) && !bank.get(PIXELS).getAsString().equals(PIXELS_TO_BACKBONE)) {
      throw new IllegalArgumentException(
          "%s %s, this program knows '%s'".formatted(PIXELS, bank.get(PIXELS), PIXELS_TO_BACKBONE));
    }
    Optional<ImageGeometry.Size> size =
        Optional.ofNullable(bank.get("size"))
            .map(value -> ImageGeometry.Size.parse(value.getAsString()));
    ImageGeometry.Border border =
        Optional.ofNullable(bank.get(BORDER))
            .map(text -> ImageGeometry.Border.parse(text.getAsString()))
            .orElse(ImageGeometry.Border.BLACK);
    Optional<Images.Bands> bands =
        Optional.ofNullable(bank.get("bands"))
            .map(value -> Images.Bands.parse(value.getAsString()));
    BankSettings settings =
        new BankSettings(
            bank.get("backbone-id").getAsString(),
            bank.get("backbone-sha256").getAsString(),
            bank.get("backbone-spec").getAsString(),
            texts(bank.getAsJsonObject("backbone-settings")),
            new FeatureDims(
                bank.get("low").getAsInt(),
                bank.get("mid").getAsInt(),
                bank.get("high").getAsInt()),
            DType.valueOf(bank.get("dtype").getAsString().toUpperCase(Locale.ROOT)),
            new ImageGeometry(size, bank.get("patch-size").getAsInt(), border, bands),
            texts(bank.getAsJsonObject("views")));
    Optional<Summary> summary =
        Optional.ofNullable(bank.get("images"))
            .map(images ->
                new Summary(
                    images.getAsInt(),
                    bank.get("rows").getAsLong(),
                    bank.get("low-scale").getAsFloat(),
                    bank.get("mid-scale").getAsFloat(),
                    bank.get("high-scale").getAsFloat()));
    return new ManifestFile(
        settings, bank.get("file-bytes").getAsLong(), summary, Provenance.fromJson(origin));
  }

  private static Map<String, String> texts(JsonObject json) {
    Map<String, String> texts = new TreeMap<>();
    if (json != null) {
      json.asMap().forEach((name, value) -> texts.put(name, value.getAsString()));
    }
    return texts;
  }

  private static String crc(JsonObject bank, JsonObject origin) {
    Gson compact = new Gson();
    int crc = Hashes.crc32c(compact.toJson(bank) + compact.toJson(origin));
    return String.format(Locale.ROOT, "%08x", crc);
  }
}
