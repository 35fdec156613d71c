package dev.eigenseg.api.internal.file;

import dev.eigenseg.api.BadInputException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** What is found in the place of safetensors, by its first bytes. */
final class ForeignFile {
  private static final int LOOKED_AT = 512;
  private static final Pattern POINTER_SIZE = Pattern.compile("(?m)^size (\\d+)$");

  private ForeignFile() {}

  /** Says what a file is and what to do, or nothing if that is not known. */
  static Optional<BadInputException> recognise(Path file, MemorySegment content) {
    int count = (int) Math.min(LOOKED_AT, content.byteSize());
    byte[] bytes = content.asSlice(0, count).toArray(ValueLayout.JAVA_BYTE);
    return explanation(file, new String(bytes, StandardCharsets.ISO_8859_1))
        .map(text -> new BadInputException(file + text));
  }

  private static Optional<String> explanation(Path file, String start) {
    boolean zip = start.startsWith("PK\u0003\u0004");
    // The length of a safetensors header is below 2^40: such a file is one that was cut off.
    if (!zip && (start.length() < 9 || start.startsWith("\0\0\0", 5))) {
      return Optional.empty();
    }
    if (start.startsWith("version https://git-lfs")) {
      Matcher size = POINTER_SIZE.matcher(start);
      return Optional.of(
          " is a git-lfs pointer, not the weights%s: run 'git lfs pull' in its repository, or download the file itself"
              .formatted(size.find() ? " (of " + size.group(1) + " bytes)" : ""));
    }
    if (zip || start.startsWith("\u0080")) {
      return Optional.of(
          (" is a PyTorch pickle (torch.save), which could run code when it is read, so it is not: take the "
                  + "model's .safetensors file, or convert it once in Python: %s")
              .formatted(conversion(file)));
    }
    if (start.startsWith("\u0089HDF")) {
      return Optional.of(" is an HDF5 file (Keras), not safetensors; convert it");
    }
    if (start.startsWith("GGUF")) {
      return Optional.of(" is a GGUF file, not safetensors; take the model's .safetensors file");
    }
    String text = start.strip().toLowerCase(Locale.ROOT);
    if (text.startsWith("<")) {
      return Optional.of(
          " is an HTML page that a server sent in place of the weights (a login, a licence to accept, a missing "
              + "file): open its address in a browser, then download the file again, with your access token if the "
              + "model asks for one");
    }
    if (text.startsWith("{")) {
      return Optional.of(
          text.contains("weight_map")
              ? " is an index of shards: let its name end with .safetensors.index.json and put it beside them"
              : " is a JSON text, not safetensors: give the weights beside it, such as model.safetensors");
    }
    return Optional.empty();
  }

  private static String conversion(Path file) {
    String name = file.getFileName().toString();
    int dot = name.lastIndexOf('.');
    String stem = dot > 0 ? name.substring(0, dot) : name;
    return ("import torch, safetensors.torch as s; w = torch.load('%s', map_location='cpu', weights_only=True); w = "
            + "w.get('teacher', w.get('state_dict', w.get('model', w))); s.save_file({k: v.clone().contiguous() for k, v "
            + "in w.items()}, '%s.safetensors')")
        .formatted(name, stem);
  }
}
