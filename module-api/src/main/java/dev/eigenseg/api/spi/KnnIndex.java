package dev.eigenseg.api.spi;

import java.util.Locale;
import java.util.OptionalDouble;
import java.util.OptionalInt;

/**
 * How neighbours are looked for: among all rows, or among those that an index proposes.
 *
 * @param kind exact, or which index
 * @param lists inverted lists of an IVF index; by default about the square root of the rows
 * @param probes lists that a query looks into; by default a sixteenth of them
 * @param efSearch candidates that a query keeps in an HNSW graph; by default twice the neighbours
 * @param trainingRows rows from which lists are learned; by default 64 for each list
 * @param half whether an IVF index keeps its rows in float16
 * @param recall the share of true neighbours that an IVF index shall find, in place of probes,
 *     which are then chosen on a sample of rows; not every engine can
 */
public record KnnIndex(
    Kind kind,
    OptionalInt lists,
    OptionalInt probes,
    OptionalInt efSearch,
    OptionalInt trainingRows,
    boolean half,
    OptionalDouble recall) {
  /** Every row is compared with every other. */
  public static final KnnIndex EXACT = of(Kind.EXACT);

  private static final int ROWS_OF_LIST = 64;
  private static final int SHARE_OF_LISTS = 16;
  private static final int MOST_LISTS = 1 << 16;

  /** The kinds of index. */
  public enum Kind {
    /** None: all rows are compared. */
    EXACT,
    /** Inverted lists: rows are grouped, and a query looks into the nearest groups. */
    IVF,
    /** A hierarchical navigable small-world graph. */
    HNSW;

    /** The name used in options and files, such as {@code "ivf"}. */
    public String text() {
      return name().toLowerCase(Locale.ROOT);
    }
  }

  /** Checks that all numbers are positive. */
  public KnnIndex {
    check("lists", lists);
    check("probes", probes);
    check("ef-search", efSearch);
    check("training-rows", trainingRows);
    if (recall.isPresent()) {
      checkRecall(kind, probes, recall.getAsDouble());
    }
  }

  private static void check(String name, OptionalInt value) {
    if (value.isPresent() && value.getAsInt() < 1) {
      throw new IllegalArgumentException(
          "%s is %d, expected at least 1".formatted(name, value.getAsInt()));
    }
  }

  private static void checkRecall(Kind kind, OptionalInt probes, double recall) {
    if (!(recall > 0 && recall <= 1)) {
      throw new IllegalArgumentException(
          "recall is %s, expected more than 0 and at most 1".formatted(recall));
    }
    if (kind != Kind.IVF || probes.isPresent()) {
      throw new IllegalArgumentException(
          "recall chooses the probes of an IVF index: leave out either, or choose ivf");
    }
  }

  /** An index with the defaults of its kind. */
  public static KnnIndex of(Kind kind) {
    return new KnnIndex(
        kind,
        OptionalInt.empty(),
        OptionalInt.empty(),
        OptionalInt.empty(),
        OptionalInt.empty(),
        false,
        OptionalDouble.empty());
  }

  /**
   * Inverted lists by their numbers.
   *
   * @throws IllegalArgumentException if a number is not positive, or the rows are more than an int
   *     can count
   */
  public static KnnIndex ivf(int lists, int probes, long trainingRows, boolean half) {
    if (trainingRows > Integer.MAX_VALUE) {
      throw new IllegalArgumentException(
          "training-rows is %d, expected at most %d".formatted(trainingRows, Integer.MAX_VALUE));
    }
    return new KnnIndex(
        Kind.IVF,
        OptionalInt.of(lists),
        OptionalInt.of(probes),
        OptionalInt.empty(),
        OptionalInt.of((int) trainingRows),
        half,
        OptionalDouble.empty());
  }

  /** With probes chosen for a recall. */
  public KnnIndex withRecall(double share) {
    return new KnnIndex(
        kind, lists, probes, efSearch, trainingRows, half, OptionalDouble.of(share));
  }

  /** Inverted lists for so many rows, never more than there are rows. */
  public int listsFor(long rows) {
    int root = Math.clamp(Math.round(Math.sqrt(rows)), 1, MOST_LISTS);
    return (int) Math.min(lists.orElse(root), rows);
  }

  /** Lists that a query looks into, of so many. */
  public int probesOf(int allLists) {
    return Math.min(allLists, probes.orElse(Math.max(4, allLists / SHARE_OF_LISTS)));
  }

  /** Candidates that a query keeps for so many neighbours. */
  public int efSearchFor(int k) {
    return Math.max(k, efSearch.orElse(2 * k));
  }

  /**
   * Rows from which so many lists are learned, never more than there are, nor than an int can
   * count.
   */
  public long trainingRowsFor(int allLists, long rows) {
    long wanted = (long) allLists * ROWS_OF_LIST;
    if (trainingRows.isPresent()) {
      wanted = trainingRows.getAsInt();
    }
    return Math.min(rows, Math.min(wanted, Integer.MAX_VALUE));
  }
}
