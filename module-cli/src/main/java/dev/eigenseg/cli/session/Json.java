package dev.eigenseg.cli.session;

import com.google.gson.Gson;
import com.google.gson.GsonBuilder;
import com.google.gson.JsonElement;
import dev.eigenseg.api.internal.file.AtomicFile;
import dev.eigenseg.api.internal.file.RegularFile;
import java.io.IOException;
import java.nio.file.Path;

/** JSON as text for people and programs. */
public final class Json {
  private Json() {}

  public static String text(JsonElement json) {
    return new GsonBuilder().setPrettyPrinting().disableHtmlEscaping().create().toJson(json) + "\n";
  }

  /** Writes a record of this package. */
  public static void write(Path file, Record content) throws IOException {
    AtomicFile.writeString(file, text(new Gson().toJsonTree(content)));
  }

  /** Reads what {@link #write} wrote. */
  public static <T extends Record> T read(Path file, Class<T> type) throws IOException {
    return new Gson().fromJson(RegularFile.text(file), type);
  }
}
