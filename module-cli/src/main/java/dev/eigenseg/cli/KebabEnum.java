package dev.eigenseg.cli;

import dev.eigenseg.infer.SegmenterMethod;
import dev.eigenseg.train.TrainingMode;
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
abstract class KebabEnum<E extends Enum<E>> implements ITypeConverter<E> {
  private final Class<E> type;

  private KebabEnum(Class<E> type) {
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

  /** Training modes. */
  static final class Mode extends KebabEnum<TrainingMode> {
    Mode() {
      super(TrainingMode.class);
    }
  }

  /** Parts of a study. */
  static final class Part extends KebabEnum<OwnStudy.Part> {
    Part() {
      super(OwnStudy.Part.class);
    }
  }

  /** Protocols. */
  static final class Protocols extends KebabEnum<Protocol> {
    Protocols() {
      super(Protocol.class);
    }
  }

  /** Methods. */
  static final class Method extends KebabEnum<SegmenterMethod> {
    Method() {
      super(SegmenterMethod.class);
    }
  }

  /** Forms of masks. */
  static final class Format extends KebabEnum<MaskFormat> {
    Format() {
      super(MaskFormat.class);
    }
  }
}
