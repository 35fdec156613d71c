package dev.eigenseg.cli;

import com.google.gson.JsonObject;
import dev.eigenseg.api.internal.file.SafeTensors;
import java.io.IOException;
import java.nio.file.Path;

/** What a checkpoint of published weights is. */
final class CheckpointInfo {
  private CheckpointInfo() {}

  static JsonObject describe(Path file) throws IOException {
    try (SafeTensors opened = SafeTensors.open(file)) {
      JsonObject json = new JsonObject();
      json.addProperty("kind", "safetensors");
      json.addProperty("tensors", opened.names().size());
      return json;
    }
  }
}
