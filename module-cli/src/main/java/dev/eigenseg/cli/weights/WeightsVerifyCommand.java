package dev.eigenseg.cli.weights;

import com.google.gson.JsonObject;
import dev.eigenseg.api.internal.file.Hashes;
import dev.eigenseg.api.internal.file.WeightsFolder;
import dev.eigenseg.cli.input.Catalogue;
import dev.eigenseg.cli.input.CheckpointInfo;
import dev.eigenseg.cli.session.Outline;
import dev.eigenseg.cli.session.Session;
import dev.eigenseg.cli.session.Surroundings;
import dev.eigenseg.cli.session.WorkCommand;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

/** Whether a file is what it should be. */
@Command(
    name = "verify",
    description = {
      "Compares a checkpoint's SHA-256 with the catalogue's, or with the one recorded when it was pulled, and says what the file is.",
      "Ends with 1 if they differ or the file is damaged."
    },
    footer = {
      "",
      "Example:",
      "  eigenseg weights verify ~/.cache/eigenseg/vit_small_patch16_224.dino.safetensors"
    })
public final class WeightsVerifyCommand extends WorkCommand {
  @Parameters(paramLabel = "FILE", description = "A .safetensors file.")
  private Path file;

  public WeightsVerifyCommand(Surroundings surroundings) {
    super(surroundings);
  }

  @Override
  protected JsonObject work(Session session) throws IOException {
    JsonObject what = CheckpointInfo.describe(file);
    String sha256 = session.stage("hash", () -> Hashes.sha256(file));
    JsonObject json = new JsonObject();
    json.addProperty("file", file.toString());
    json.addProperty("bytes", Files.size(file));
    json.addProperty("sha256", sha256);
    compare(session, sha256, json);
    json.add("what", what);
    if (!session.options().jsonOnStdout()) {
      session.result(Outline.text(json));
    }
    return json;
  }

  private void compare(Session session, String sha256, JsonObject json) throws IOException {
    Optional<Catalogue.Entry> sameHash = Catalogue.withHash(sha256);
    Optional<Catalogue.Entry> sameName = Catalogue.find(WeightsFolder.name(file));
    Optional<String> published = sameName.flatMap(Catalogue.Entry::sha256);
    Optional<String> recorded = HashRecord.read(file);
    if (sameHash.isPresent()) {
      json.addProperty("verdict", "good: the catalogue's " + sameHash.get().name());
    } else if (published.isPresent()) {
      differs(session, json, sha256, published.get(), "the catalogue's");
    } else if (recorded.isPresent() && recorded.get().equals(sha256)) {
      json.addProperty("verdict", "good: unchanged since it was pulled");
    } else if (recorded.isPresent()) {
      differs(session, json, sha256, recorded.get(), HashRecord.file(file) + "'s");
    } else {
      json.addProperty("verdict", "readable; nothing here knows its SHA-256");
    }
  }

  private void differs(
      Session session, JsonObject json, String found, String expected, String whose) {
    json.addProperty("verdict", "wrong: expected SHA-256 " + expected);
    session.fail(
        "%s has SHA-256 %s, expected %s, %s; pull it again with --overwrite"
            .formatted(file, found, whose, expected));
  }
}
