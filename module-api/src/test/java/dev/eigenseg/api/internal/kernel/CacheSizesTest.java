package dev.eigenseg.api.internal.kernel;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CacheSizesTest {
  @Test
  void theSecondLevelIsFoundAmongAllCaches(@TempDir Path folder) throws IOException {
    cache(folder, 0, "1", "Data", "48K");
    cache(folder, 1, "1", "Instruction", "32K");
    cache(folder, 2, "2", "Unified", "2048K");
    cache(folder, 3, "3", "Unified", "300M");
    assertEquals(new CacheSizes(2 << 20, true), CacheSizes.read(folder));
  }

  @Test
  void sizesMayBeInMebibytes(@TempDir Path folder) throws IOException {
    cache(folder, 0, "2", "Unified", "1M");
    assertEquals(new CacheSizes(1 << 20, true), CacheSizes.read(folder));
  }

  @Test
  void withoutTheFolderOrWithNonsenseOneMebibyteIsAssumed(@TempDir Path folder) throws IOException {
    CacheSizes assumed = new CacheSizes(1 << 20, false);
    assertEquals(assumed, CacheSizes.read(folder.resolve("none")));
    assertEquals(assumed, CacheSizes.read(folder));
    String[] sizes = {"", "K", "-4K", "0K", "many", "99999999999999999999K"};
    for (int i = 0; i < sizes.length; i++) {
      Path each = Files.createDirectory(folder.resolve("case" + i));
      cache(each, 0, "2", "Unified", sizes[i]);
      assertEquals(assumed, CacheSizes.read(each), sizes[i]);
    }
    Path incomplete = Files.createDirectory(folder.resolve("incomplete"));
    Files.createDirectory(incomplete.resolve("index0"));
    assertEquals(assumed, CacheSizes.read(incomplete));
  }

  @Test
  void onlyUsualSizesArePlannedFor() {
    assertEquals(256 << 10, new CacheSizes(64 << 10, true).planned());
    assertEquals(2 << 20, new CacheSizes(16 << 20, true).planned());
    assertTrue(CacheSizes.here().toString().contains("KiB"), CacheSizes.here().toString());
  }

  private static void cache(Path folder, int index, String level, String type, String size)
      throws IOException {
    Path cache = Files.createDirectory(folder.resolve("index" + index));
    Files.writeString(cache.resolve("level"), level + "\n");
    Files.writeString(cache.resolve("type"), type + "\n");
    Files.writeString(cache.resolve("size"), size + "\n");
  }
}
