package dev.eigenseg.api.internal.file;

import java.io.IOException;

/** Something done with a value that may meet a failure of the file system. */
@FunctionalInterface
public interface IoConsumer<T> {
  /** Does it. */
  void accept(T value) throws IOException;
}
