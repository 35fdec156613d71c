package dev.eigenseg.infer.vit;

import dev.eigenseg.api.BadInputException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/**
 * What a network subtracts from pixels in [0, 1], and divides them by, a number for each of red,
 * green and blue.
 */
public record PixelNormalization(List<Float> mean, List<Float> deviation) {
  /** Pixels in [-1, 1], as the ViTs of "How to train your ViT" have them. */
  public static final PixelNormalization VIT = of(0.5f, 0.5f, 0.5f, 0.5f, 0.5f, 0.5f);

  /** The statistics of ImageNet: DeiT, DINO, DINOv2. */
  public static final PixelNormalization IMAGENET =
      of(0.485f, 0.456f, 0.406f, 0.229f, 0.224f, 0.225f);

  /** The statistics of OpenAI's CLIP, used by its successors too. */
  public static final PixelNormalization CLIP =
      of(0.48145467f, 0.4578275f, 0.40821072f, 0.26862955f, 0.2613026f, 0.2757771f);

  private static final Map<String, PixelNormalization> NAMED =
      Map.of("vit", VIT, "imagenet", IMAGENET, "clip", CLIP);

  /** Checks that there are three numbers each, and that one can divide by the latter. */
  public PixelNormalization {
    mean = List.copyOf(mean);
    deviation = List.copyOf(deviation);
    boolean usable =
        mean.size() == 3
            && deviation.size() == 3
            && mean.stream().allMatch(Float::isFinite)
            && deviation.stream().allMatch(d -> Float.isFinite(d) && d > 0);
    if (!usable) {
      throw new BadInputException(
          "a pixel normalisation needs three means and three positive deviations, found %s and %s"
              .formatted(mean, deviation));
    }
  }

  private static PixelNormalization of(float... values) {
    return new PixelNormalization(
        List.of(values[0], values[1], values[2]), List.of(values[3], values[4], values[5]));
  }

  /**
   * Reads a name, {@code vit}, {@code imagenet} or {@code clip}, or six numbers as {@link #text()}
   * writes them.
   *
   * @throws BadInputException if it is none of these
   */
  public static PixelNormalization parse(String text) {
    PixelNormalization named = NAMED.get(text);
    if (named != null) {
      return named;
    }
    String[] halves = text.split("/", -1);
    try {
      if (halves.length == 2) {
        return new PixelNormalization(numbers(halves[0]), numbers(halves[1]));
      }
    } catch (NumberFormatException e) {
      throw new BadInputException(unreadable(text), e);
    }
    throw new BadInputException(unreadable(text));
  }

  private static String unreadable(String text) {
    return ("the setting normalization is '%s', expected vit, imagenet, clip, or three means and "
            + "three deviations such as 0.5,0.5,0.5/0.5,0.5,0.5")
        .formatted(text);
  }

  private static List<Float> numbers(String text) {
    List<Float> numbers = new ArrayList<>();
    for (String number : text.split(",", -1)) {
      numbers.add(Float.valueOf(number.strip()));
    }
    return numbers;
  }

  /** The name, or the means and the deviations as {@code r,g,b/r,g,b}. */
  public String text() {
    return NAMED.entrySet().stream()
        .filter(named -> hasNumbersOf(named.getValue()))
        .map(Map.Entry::getKey)
        .findFirst()
        .orElseGet(() -> text(mean) + "/" + text(deviation));
  }

  // As equals, whose code a record has spun at run time: 10 ms of a first mask.
  private boolean hasNumbersOf(PixelNormalization other) {
    return mean.equals(other.mean) && deviation.equals(other.deviation);
  }

  private static String text(List<Float> numbers) {
    return numbers.stream().map(String::valueOf).collect(Collectors.joining(","));
  }
}
