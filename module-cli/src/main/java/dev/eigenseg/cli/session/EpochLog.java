package dev.eigenseg.cli.session;

import com.google.gson.JsonObject;
import com.google.gson.JsonParseException;
import com.google.gson.JsonParser;
import dev.eigenseg.api.BadInputException;
import dev.eigenseg.api.internal.file.AtomicFile;
import dev.eigenseg.api.internal.file.RegularFile;
import dev.eigenseg.train.TrainingListener;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Tells the user about every epoch, and writes a JSON line for each to a file. A resumed run
 * continues the file where the run continues.
 */
public final class EpochLog implements TrainingListener {
  private final Session session;
  private final int clusters;
  private final Optional<Path> file;
  private final List<String> lines = new ArrayList<>();

  public EpochLog(Session session, int clusters, Optional<Path> file) {
    this.session = session;
    this.clusters = clusters;
    this.file = file;
  }

  @Override
  public void epoch(Epoch epoch) {
    session.say(
        "epoch %d of %d: loss %.5f, regulariser %.2g, %d of %d clusters in use, %.0f patches/s"
            .formatted(
                epoch.epoch(),
                epoch.epochs(),
                epoch.loss(),
                epoch.regularizer(),
                epoch.clustersUsed(),
                clusters,
                epoch.patchesPerSecond()));
    if (file.isPresent()) {
      try {
        write(file.get(), epoch);
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }
  }

  private void write(Path log, Epoch epoch) throws IOException {
    if (AtomicFile.isStream(log)) {
      AtomicFile.writeString(log, json(epoch) + "\n");
      return;
    }
    if (lines.isEmpty() && epoch.epoch() > 1 && Files.exists(log)) {
      read(log).stream()
          .filter(line -> line.get("epoch").getAsInt() < epoch.epoch())
          .forEach(line -> lines.add(line.toString()));
    }
    lines.add(json(epoch).toString());
    AtomicFile.writeString(log, String.join("\n", lines) + "\n");
  }

  /** The lines of such a file. */
  public static List<JsonObject> read(Path log) throws IOException {
    List<JsonObject> epochs = new ArrayList<>();
    for (String line : RegularFile.text(log).lines().toList()) {
      try {
        epochs.add(JsonParser.parseString(line).getAsJsonObject());
      } catch (JsonParseException | IllegalStateException e) {
        throw new BadInputException(
            log + " is no training log: line " + (epochs.size() + 1) + " is no JSON object", e);
      }
    }
    return epochs;
  }

  /** One epoch as JSON. */
  public static JsonObject json(Epoch epoch) {
    JsonObject json = new JsonObject();
    json.addProperty("epoch", epoch.epoch());
    json.addProperty("step", epoch.step());
    json.addProperty("loss", epoch.loss());
    json.addProperty("regulariser", epoch.regularizer());
    json.addProperty("temperature", epoch.temperature());
    json.addProperty("learning-rate", epoch.learningRate());
    json.addProperty("clusters-used", epoch.clustersUsed());
    json.addProperty("patches-per-second", epoch.patchesPerSecond());
    return json;
  }
}
