package dev.eigenseg.cli.session;

import dev.eigenseg.infer.SegmenterMethod;
import dev.eigenseg.train.evaluation.Protocol;
import dev.eigenseg.train.study.OwnStudy;
import java.util.Arrays;
import java.util.Locale;
import java.util.stream.Collectors;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/**
 * Reads the constants of an enum as the command line spells them: {@code cross-batch} for {@code
 * CROSS_BATCH}.
 */
public abstract class KebabEnum<E extends Enum<E>> implements ITypeConverter<E> {
  private final Class<E> type;

  protected KebabEnum(Class<E> type) {
    this.type = type;
  }

  /** The spelling on the command line. */
  static String text(Enum<?> constant) {
    return constant.name().toLowerCase(Locale.ROOT).replace('_', '-');
  }

  @Override
  public E convert(String value) {
    return Arrays.stream(type.getEnumConstants())
        .filter(constant -> text(constant).equals(value))
        .findFirst()
        .orElseThrow(() ->
            new TypeConversionException(
                Arrays.stream(type.getEnumConstants())
                    .map(KebabEnum::text)
                    .collect(
                        Collectors.joining(", ", "expected one of ", " but was '" + value + "'"))));
  }

  /** Parts of a study. */
  public static final class Part extends KebabEnum<OwnStudy.Part> {
    Part() {
      super(OwnStudy.Part.class);
    }
  }

  /** Protocols. */
  public static final class Protocols extends KebabEnum<Protocol> {
    Protocols() {
      super(Protocol.class);
    }
  }

  /** Methods. */
  public static final class Method extends KebabEnum<SegmenterMethod> {
    Method() {
      super(SegmenterMethod.class);
    }
  }
}
