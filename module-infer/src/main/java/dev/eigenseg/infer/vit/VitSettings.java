package dev.eigenseg.infer.vit;

import dev.eigenseg.api.BadInputException;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/**
 * What the user and a published configuration say, and a list for what has to be assumed.
 *
 * @param given by the user, by option names
 * @param published the configuration with the weights, or {@link PublishedConfig#NONE}
 * @param assumed receives a sentence for every assumption
 */
record VitSettings(Map<String, String> given, PublishedConfig published, List<String> assumed) {
  static final String HEADS = "heads";
  static final String NORMALIZATION = "normalization";
  static final String HIGH = "high";
  static final String EPS = "eps";
  static final String POSITIONS = "positions";
  static final String ACTIVATION = "activation";
  static final String GRID = "grid";
  static final String ROPE_THETA = "rope-theta";

  private static final List<String> KNOWN =
      List.of(HEADS, NORMALIZATION, HIGH, EPS, POSITIONS, ACTIVATION, GRID, ROPE_THETA);

  VitSettings {
    for (String name : given.keySet()) {
      if (!KNOWN.contains(name)) {
        throw new BadInputException(
            "a Vision Transformer has no setting '%s'; it has %s"
                .formatted(name, String.join(", ", KNOWN)));
      }
    }
  }

  Optional<String> text(String name) {
    return Optional.ofNullable(given.get(name));
  }

  /**
   * Whether these are settings that {@link VitReader#settings} gave: then what is not among them
   * was clear.
   */
  boolean recorded() {
    return given.keySet().containsAll(List.of(HEADS, NORMALIZATION, HIGH, EPS, ACTIVATION));
  }

  Optional<Integer> heads() {
    return text(HEADS).map(text -> positive(HEADS, text));
  }

  Optional<Float> eps() {
    return text(EPS)
        .map(text -> {
          float eps;
          try {
            eps = Float.parseFloat(text);
          } catch (NumberFormatException e) {
            throw unusable(EPS, text, "a number such as 1e-6", e);
          }
          if (!(eps >= 0 && eps < 1)) {
            throw unusable(EPS, text, "a number from 0 to 1, such as 1e-6", null);
          }
          return eps;
        });
  }

  Optional<Float> ropeTheta() {
    return text(ROPE_THETA)
        .map(text -> {
          try {
            float theta = Float.parseFloat(text);
            if (theta > 0 && Float.isFinite(theta)) {
              return theta;
            }
          } catch (NumberFormatException e) {
            throw unusable(ROPE_THETA, text, "a positive number such as 100", e);
          }
          throw unusable(ROPE_THETA, text, "a positive number such as 100", null);
        });
  }

  /** Rows and columns. */
  Optional<int[]> grid() {
    return text(GRID)
        .map(text -> {
          String[] sides = text.split("x", -1);
          if (sides.length != 2) {
            throw unusable(GRID, text, "ROWSxCOLUMNS, such as 24x24", null);
          }
          return new int[] {positive(GRID, sides[0]), positive(GRID, sides[1])};
        });
  }

  <E extends Enum<E>> Optional<E> choice(String name, Class<E> type) {
    return text(name)
        .map(text ->
            Arrays.stream(type.getEnumConstants())
                .filter(choice -> text(choice).equals(text))
                .findFirst()
                .orElseThrow(() -> unusable(name, text, "one of " + choices(type), null)));
  }

  private static <E extends Enum<E>> String choices(Class<E> type) {
    return String.join(
        ", ", Arrays.stream(type.getEnumConstants()).map(VitSettings::text).toList());
  }

  /** How a choice is written. */
  static String text(Enum<?> choice) {
    return choice.name().toLowerCase(Locale.ROOT).replace('_', '-');
  }

  private static int positive(String name, String text) {
    try {
      int number = Integer.parseInt(text);
      if (number > 0) {
        return number;
      }
    } catch (NumberFormatException e) {
      throw unusable(name, text, "positive whole numbers", e);
    }
    throw unusable(name, text, "positive whole numbers", null);
  }

  private static BadInputException unusable(
      String name, String text, String expected, Throwable cause) {
    return new BadInputException(
        "the setting %s is '%s', expected %s".formatted(name, text, expected), cause);
  }
}
