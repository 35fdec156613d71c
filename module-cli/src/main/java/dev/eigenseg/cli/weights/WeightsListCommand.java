package dev.eigenseg.cli.weights;

import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import dev.eigenseg.api.internal.file.WeightsFolder;
import dev.eigenseg.cli.input.Catalogue;
import dev.eigenseg.cli.session.Session;
import dev.eigenseg.cli.session.Surroundings;
import dev.eigenseg.cli.session.Table;
import dev.eigenseg.cli.session.WorkCommand;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import picocli.CommandLine.Command;

/** What can be pulled by name. */
@Command(
    name = "list",
    description = {
      "Lists the checkpoints that can be pulled by name.",
      "Where the SHA-256 is not known here, the first pull records it beside the file."
    },
    footer = {"", "Example:", "  eigenseg weights list"})
public final class WeightsListCommand extends WorkCommand {
  public WeightsListCommand(Surroundings surroundings) {
    super(surroundings);
  }

  @Override
  protected JsonObject work(Session session) {
    Table table = new Table("name", "what", "licence", "MB", "SHA-256", "here");
    JsonArray list = new JsonArray();
    for (Catalogue.Entry entry : Catalogue.entries()) {
      Path file = WeightsFolder.file(entry.name(), Optional.empty());
      boolean here = Files.exists(file);
      table.row(
          entry.name(),
          entry.what(),
          entry.licence(),
          Integer.toString(entry.megabytes()),
          entry.sha256().isPresent() ? "known" : "not known",
          here ? "yes" : "no");
      JsonObject json = entry.toJson();
      json.addProperty("file", file.toString());
      json.addProperty("here", here);
      list.add(json);
    }
    if (!session.options().jsonOnStdout()) {
      session.result(table.toString());
    }
    session.say("from " + Catalogue.ORIGIN + " to " + WeightsFolder.standard());
    JsonObject json = new JsonObject();
    json.add("weights", list);
    return json;
  }
}
