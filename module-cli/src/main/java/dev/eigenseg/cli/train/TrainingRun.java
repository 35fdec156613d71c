package dev.eigenseg.cli.train;

import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;

/**
 * One training of a command: its seed, and the files that belong to it.
 *
 * @param seed of its random numbers
 * @param model to write
 * @param from the trained eigenfunctions that it starts from, if any
 * @param log of its epochs, if wanted
 */
record TrainingRun(long seed, Path model, Optional<Path> from, Optional<Path> log) {
  /**
   * Trainings that differ by their seed alone, the seed of this one and those after it. Each file
   * NAME.ENDING becomes NAME-seedS.ENDING, also that of the eigenfunctions, so that those of the
   * same seed belong together.
   */
  List<TrainingRun> repeated(int seeds) {
    return IntStream.range(0, seeds)
        .mapToObj(i -> Math.addExact(seed, i))
        .map(next ->
            new TrainingRun(
                next,
                of(model, next),
                from.map(file -> of(file, next)),
                log.map(file -> of(file, next))))
        .toList();
  }

  /** The file of one seed. */
  private static Path of(Path file, long seed) {
    String name = file.getFileName().toString();
    int dot = name.lastIndexOf('.');
    int end = dot > 0 ? dot : name.length();
    return file.resolveSibling(name.substring(0, end) + "-seed" + seed + name.substring(end));
  }
}
