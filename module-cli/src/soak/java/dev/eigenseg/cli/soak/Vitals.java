package dev.eigenseg.cli.soak;

import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;

/**
 * What this process takes of the machine, as Linux and the virtual machine say.
 *
 * @param rssKilobytes resident memory
 * @param threads live Java threads
 * @param files open file descriptors
 */
record Vitals(long rssKilobytes, int threads, long files) {
  static Vitals now() throws IOException {
    try (Stream<String> lines = Files.lines(Path.of("/proc/self/status"));
        Stream<Path> files = Files.list(Path.of("/proc/self/fd"))) {
      String rss = lines.filter(line -> line.startsWith("VmRSS:")).findFirst().orElseThrow();
      return new Vitals(
          Long.parseLong(rss.replaceAll("\\D", "")),
          ManagementFactory.getThreadMXBean().getThreadCount(),
          files.count());
    }
  }

  @Override
  public String toString() {
    return "RSS %,d MiB, %d threads, %d files".formatted(rssKilobytes >> 10, threads, files);
  }
}
