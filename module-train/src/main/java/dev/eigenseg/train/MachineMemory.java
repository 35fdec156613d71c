package dev.eigenseg.train;

import com.sun.management.OperatingSystemMXBean;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.OptionalLong;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** How much memory the machine, or the container, has for us. */
final class MachineMemory {
  private static final Path LINUX = Path.of("/proc/meminfo");
  private static final Pattern AVAILABLE = Pattern.compile("MemAvailable:\\s+(\\d+) kB");

  private MachineMemory() {}

  /**
   * Bytes that may be taken without pushing others out: what Linux counts as available, elsewhere
   * all there is; never more than a container's limit.
   */
  static long available() {
    long all =
        ManagementFactory.getPlatformMXBean(OperatingSystemMXBean.class).getTotalMemorySize();
    try {
      return Math.min(all, parse(Files.readAllLines(LINUX)).orElse(all));
    } catch (IOException e) { // another system
      return all;
    }
  }

  /** What the lines of {@code /proc/meminfo} say. */
  static OptionalLong parse(List<String> lines) {
    for (String line : lines) {
      Matcher matcher = AVAILABLE.matcher(line);
      if (matcher.matches()) {
        return OptionalLong.of(Long.parseLong(matcher.group(1)) << 10);
      }
    }
    return OptionalLong.empty();
  }
}
