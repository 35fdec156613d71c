package dev.eigenseg.api;

import dev.eigenseg.api.internal.file.Hashes;
import dev.eigenseg.api.internal.file.RegularFile;
import dev.eigenseg.api.internal.file.UserFolder;
import java.io.IOException;
import java.lang.ScopedValue.CallableOp;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Whose files may run code here. A TorchScript backbone is a program: opening it runs it, with the
 * rights of this process. That a model or a bank names one is nobody's consent; it is opened if
 *
 * <ul>
 *   <li>the application named the very file, by {@link #allow}, or works within {@link #trusting};
 *   <li>or its SHA-256 is on a list that the user keeps, {@link #list()}, in the form that {@code
 *       sha256sum} prints.
 * </ul>
 *
 * <p>Weights in safetensors hold no code and are not asked about. Thread-safe.
 */
public final class TrustedCode {
  /** The environment variable that names the user's list. */
  public static final String VARIABLE = "EIGENSEG_TRUSTED";

  private static final Pattern LINE = Pattern.compile("([0-9a-fA-F]{64})(\\s.*)?");
  private static final ScopedValue<Boolean> TRUSTING = ScopedValue.newInstance();
  private static final Set<String> ALLOWED = ConcurrentHashMap.newKeySet();

  private TrustedCode() {}

  /**
   * Lets this process open a file's code from now on.
   *
   * @param file as it is now: changed, it is another one
   * @throws IOException if it cannot be read
   */
  public static void allow(Path file) throws IOException {
    ALLOWED.add(Hashes.sha256(file));
  }

  /**
   * Does some work in this thread, which may open any file's code.
   *
   * @return what the work returns
   * @throws X what it throws
   */
  public static <T, X extends Throwable> T trusting(CallableOp<? extends T, X> work) throws X {
    return ScopedValue.where(TRUSTING, true).call(work);
  }

  /**
   * Refuses code that nobody has allowed; for providers of backbones, before they run any of it.
   *
   * @param file for the message
   * @param sha256 of its content, in lower-case hexadecimal digits
   * @throws BadInputException if it is not allowed; the message says how to allow it
   * @throws IOException if the user's list cannot be read
   */
  public static void require(Path file, String sha256) throws IOException {
    if (TRUSTING.orElse(false) || ALLOWED.contains(sha256) || isListed(sha256)) {
      return;
    }
    throw new BadInputException(
        ("%s is TorchScript, a program that runs with your rights once it is opened. If you trust who made it, say --trust "
                + "(in Java TrustedCode.allow), or add a line to %s: %s")
            .formatted(file, list(), sha256));
  }

  /**
   * The user's list, which need not exist: what {@value #VARIABLE} names, else {@code
   * eigenseg/trusted} in the folder of the user's settings.
   */
  public static Path list() {
    return Optional.ofNullable(System.getenv(VARIABLE))
        .filter(text -> !text.isBlank())
        .map(Path::of)
        .orElseGet(() -> UserFolder.of("XDG_CONFIG_HOME", Path.of(".config")).resolve("trusted"));
  }

  private static boolean isListed(String sha256) throws IOException {
    Path list = list();
    return Files.exists(list) && isListed(sha256, RegularFile.text(list));
  }

  static boolean isListed(String sha256, String lines) {
    return lines
        .lines()
        .map(LINE::matcher)
        .filter(Matcher::matches)
        .anyMatch(line -> line.group(1).equalsIgnoreCase(sha256));
  }
}
