package dev.eigenseg.cli.report;

import com.samskivert.mustache.DefaultCollector;
import java.util.Iterator;
import java.util.Optional;

/** Lets a template's section stand for an {@link Optional}: once if present, else not at all. */
final class Optionals extends DefaultCollector {
  @Override
  public Iterator<?> toIterator(Object value) {
    return value instanceof Optional<?> optional
        ? optional.stream().iterator()
        : super.toIterator(value);
  }
}
