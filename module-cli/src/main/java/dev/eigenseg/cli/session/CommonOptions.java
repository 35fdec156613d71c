package dev.eigenseg.cli.session;

import java.util.Optional;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.TypeConversionException;

/** The options of every command. */
public final class CommonOptions {
  @SuppressWarnings("UnusedVariable") // picocli reads it
  @Mixin
  private HelpOption help;

  @Option(
      names = JsonTarget.OPTION,
      paramLabel = "FILE",
      arity = "0..1",
      preprocessor = JsonTarget.Preprocessor.class,
      description =
          "Write the result as JSON, or an error that ended the work: into FILE, or to standard output, "
              + "messages then go to standard error. After a blank a FILE has to end in .json, after "
              + "an equals sign it may have any name.")
  private Optional<String> json = Optional.empty();

  @Option(
      names = "--seed",
      paramLabel = "N",
      defaultValue = "0",
      description = "Start of every random sequence (default: ${DEFAULT-VALUE}).")
  private long seed;

  @Option(
      names = "--threads",
      paramLabel = "N",
      converter = PositiveInt.class,
      description =
          "Worker threads (default: all processors). Images in work at the same time share them; training uses them all.")
  private int threads = Runtime.getRuntime().availableProcessors();

  @Option(
      names = {"-q", "--quiet"},
      description = "Say nothing but results and errors.")
  private boolean quiet;

  @Option(
      names = "--max-pixels",
      paramLabel = "N",
      description =
          "Refuse images of more pixels, width times height (default: so many that decoding one takes half of the heap).")
  private Optional<Long> maxPixels = Optional.empty();

  @Option(
      names = "--trust",
      description =
          "Open TorchScript backbones, which are programs and run with your rights (default: only those whose SHA-256 "
              + "is in ~/.config/eigenseg/trusted).")
  private boolean trust;

  Optional<JsonTarget> json() {
    return json.map(JsonTarget::of);
  }

  public boolean jsonOnStdout() {
    return json().filter(target -> target.file().isEmpty()).isPresent();
  }

  long seed() {
    return seed;
  }

  int threads() {
    return threads;
  }

  boolean quiet() {
    return quiet;
  }

  boolean trust() {
    return trust;
  }

  Optional<Long> maxPixels() {
    return maxPixels;
  }

  /** Reads a whole number above zero. */
  public static final class PositiveInt implements ITypeConverter<Integer> {
    @Override
    public Integer convert(String value) {
      try {
        int number = Integer.parseInt(value);
        if (number > 0) {
          return number;
        }
      } catch (NumberFormatException e) {
        throw notPositive(value);
      }
      throw notPositive(value);
    }

    private static TypeConversionException notPositive(String value) {
      return new TypeConversionException("'" + value + "' is not a whole number above zero");
    }
  }
}
