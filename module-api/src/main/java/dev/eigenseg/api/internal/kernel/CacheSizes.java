package dev.eigenseg.api.internal.kernel;

import java.io.IOException;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.OptionalLong;

/**
 * The second-level cache of a core, by which products and networks choose how many rows they work
 * on at a time. Linux says how large it is; elsewhere 1 MiB is assumed, for which the blocks were
 * chosen.
 *
 * @param second bytes
 * @param found whether the system said so
 */
public record CacheSizes(long second, boolean found) {
  private static final Path FIRST_CORE = Path.of("/sys/devices/system/cpu/cpu0/cache");
  private static final long ASSUMED = 1 << 20;

  /** Where several cores share a larger one, a core's part of it is not known. */
  private static final long MOST = 2 << 20;

  private static final long LEAST = 256 << 10;

  private static final CacheSizes HERE = read(FIRST_CORE);

  /** What is here; read once. */
  public static CacheSizes here() {
    return HERE;
  }

  /** Bytes that blocks are made for: of caches from 256 KiB to 2 MiB their size. */
  public long planned() {
    return Math.clamp(second, LEAST, MOST);
  }

  /** Reads the folder that Linux has for a core; its absence is no error. */
  static CacheSizes read(Path folder) {
    try (DirectoryStream<Path> caches = Files.newDirectoryStream(folder, "index*")) {
      for (Path cache : caches) {
        if (text(cache, "level").equals("2") && !text(cache, "type").equals("Instruction")) {
          OptionalLong bytes = bytes(text(cache, "size"));
          if (bytes.isPresent()) {
            return new CacheSizes(bytes.getAsLong(), true);
          }
        }
      }
    } catch (IOException | DirectoryIteratorException | SecurityException e) {
      // Containers may hide it: as on systems that have no such folder.
    }
    return new CacheSizes(ASSUMED, false);
  }

  private static String text(Path cache, String file) throws IOException {
    return Files.readString(cache.resolve(file)).strip();
  }

  /** Of {@code 1024K} or {@code 2M}. */
  private static OptionalLong bytes(String size) {
    int digits = size.length() - 1;
    int shift = digits < 1 ? 0 : unit(size.charAt(digits));
    try {
      long count = Long.parseLong(shift == 0 ? size : size.substring(0, digits));
      return count > 0 && count < 1L << 32 ? OptionalLong.of(count << shift) : OptionalLong.empty();
    } catch (NumberFormatException e) {
      return OptionalLong.empty();
    }
  }

  private static int unit(char letter) {
    return switch (letter) {
      case 'K' -> 10;
      case 'M' -> 20;
      default -> 0;
    };
  }

  /** For people: the size, where it is from, and the blocks that follow. */
  @Override
  public String toString() {
    return "second-level cache %,d KiB (%s), products in blocks of %,d KiB of rows"
        .formatted(second >> 10, found ? "Linux says so" : "assumed", Gemm.blockBytes() >> 10);
  }
}
