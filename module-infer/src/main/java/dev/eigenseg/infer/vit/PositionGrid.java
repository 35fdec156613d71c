package dev.eigenseg.infer.vit;

import dev.eigenseg.api.BadInputException;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.SequencedSet;

/**
 * The grid of position embeddings, of which a checkpoint stores a list without its shape.
 *
 * @param rows of patches
 * @param columns likewise
 * @param prefix how many embeddings before them belong to other tokens
 */
record PositionGrid(int rows, int columns, int prefix) {
  /**
   * Finds the grid.
   *
   * @param positions how many embeddings there are
   * @param prefixes how many of them may belong to tokens before the patches
   * @throws BadInputException if more than one grid is possible, or none
   */
  static PositionGrid of(
      String where,
      long positions,
      SequencedSet<Integer> prefixes,
      int patchSize,
      VitSettings settings) {
    Optional<int[]> given = settings.grid();
    if (given.isPresent()) {
      return fitting(given.get()[0], given.get()[1], positions, prefixes)
          .orElseThrow(() ->
              new BadInputException(
                  "%s has %d position embeddings, which do not make a grid of %d x %d with %s tokens before it"
                      .formatted(where, positions, given.get()[0], given.get()[1], prefixes)));
    }
    Optional<int[]> image = settings.published().imageSize();
    if (image.isPresent()) {
      return inImage(where, positions, prefixes, patchSize, image.get(), settings);
    }
    List<PositionGrid> squares = shaped(positions, prefixes, 1, 1);
    if (squares.size() != 1) {
      throw unclear(where, positions, prefixes, "do not make one square grid");
    }
    PositionGrid square = squares.getFirst();
    if (!settings.recorded()) {
      settings
          .assumed()
          .add(
              ("grid = %dx%d, a square as in nearly all published models: the %d position embeddings do not show "
                      + "it; if it is no square, set grid (--grid ROWSxCOLUMNS)")
                  .formatted(square.rows(), square.columns(), positions));
    }
    return square;
  }

  private static PositionGrid inImage(
      String where,
      long positions,
      SequencedSet<Integer> prefixes,
      int patchSize,
      int[] image,
      VitSettings settings) {
    Optional<PositionGrid> exact =
        fitting(image[0] / patchSize, image[1] / patchSize, positions, prefixes);
    if (exact.isPresent()) {
      return exact.get();
    }
    List<PositionGrid> alike = shaped(positions, prefixes, image[0], image[1]);
    String size = "an image of %d x %d pixels".formatted(image[0], image[1]);
    if (alike.size() != 1) {
      throw unclear(
          where,
          positions,
          prefixes,
          "do not fit %s, which %s says".formatted(size, settings.published().where()));
    }
    PositionGrid grid = alike.getFirst();
    if (!settings.recorded()) {
      settings
          .assumed()
          .add(
              "grid = %dx%d: the only one of %d position embeddings with the sides' ratio of %s"
                  .formatted(grid.rows(), grid.columns(), positions, size));
    }
    return grid;
  }

  private static BadInputException unclear(
      String where, long positions, SequencedSet<Integer> prefixes, String why) {
    return new BadInputException(
        "%s has %d position embeddings, which with %s tokens before the patches %s; set grid (--grid ROWSxCOLUMNS)"
            .formatted(
                where,
                positions,
                String.join(" or ", prefixes.stream().map(String::valueOf).toList()),
                why));
  }

  private static Optional<PositionGrid> fitting(
      int rows, int columns, long positions, SequencedSet<Integer> prefixes) {
    long patches = (long) rows * columns;
    for (int prefix : prefixes) {
      if (patches > 0 && patches + prefix == positions) {
        return Optional.of(new PositionGrid(rows, columns, prefix));
      }
    }
    return Optional.empty();
  }

  /** The grids whose sides have a ratio. */
  private static List<PositionGrid> shaped(
      long positions, SequencedSet<Integer> prefixes, int height, int width) {
    List<PositionGrid> grids = new ArrayList<>();
    for (int prefix : prefixes) {
      long patches = positions - prefix;
      long rows = patches <= 0 ? 0 : Math.round(Math.sqrt((double) patches * height / width));
      if (rows > 0 && patches % rows == 0 && rows * width == patches / rows * height) {
        grids.add(new PositionGrid((int) rows, (int) (patches / rows), prefix));
      }
    }
    return grids;
  }

  /** The square grid that is found without any configuration; empty if there is none, or two. */
  static Optional<PositionGrid> square(long positions, SequencedSet<Integer> prefixes) {
    List<PositionGrid> squares = shaped(positions, prefixes, 1, 1);
    return squares.size() == 1 ? Optional.of(squares.getFirst()) : Optional.empty();
  }

  /** Prefixes without repetition. */
  static SequencedSet<Integer> prefixes(int... counts) {
    SequencedSet<Integer> prefixes = new LinkedHashSet<>();
    for (int count : counts) {
      prefixes.add(count);
    }
    return prefixes;
  }
}
