package dev.eigenseg.graph;

import dev.eigenseg.api.BadInputException;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A share of the work of a graph. Part i of an exact one takes some of the rows and compares them
 * with themselves and with all behind them; the shares of rows grow so that all parts compare about
 * as many pairs. Part i of an approximate one does the same with the rows in the order of their
 * inverted lists, so that all parts compute about as many products. Together they compare each pair
 * once.
 *
 * @param number which part, from 1
 * @param count how many there are
 */
public record GraphPart(int number, int count) {
  /** All of the work. */
  public static final GraphPart WHOLE = new GraphPart(1, 1);

  private static final Pattern FORM = Pattern.compile("(\\d{1,9})/(\\d{1,9})");

  /** Checks that there is such a part. */
  public GraphPart {
    if (number < 1 || number > count) {
      throw new BadInputException(
          "there is no part %d of %d; parts are counted from 1, such as 1/4 to 4/4"
              .formatted(number, count));
    }
  }

  /**
   * Reads what {@link #toString()} writes, such as {@code "2/8"}.
   *
   * @throws BadInputException if it is something else
   */
  public static GraphPart parse(String text) {
    Matcher matcher = FORM.matcher(text);
    if (!matcher.matches()) {
      throw new BadInputException("'" + text + "' is not a part such as 2/8");
    }
    return new GraphPart(Integer.parseInt(matcher.group(1)), Integer.parseInt(matcher.group(2)));
  }

  /** Whether this is all of the work. */
  public boolean whole() {
    return count == 1;
  }

  /**
   * The first of the rows that this part compares with all behind them.
   *
   * @throws BadInputException if there are more parts than rows
   */
  public long firstRow(long rows) {
    if (count > rows) {
      throw new BadInputException(
          "%d parts of a graph of %d rows; divide it into fewer".formatted(count, rows));
    }
    return boundary(number, rows);
  }

  /** Where the next part's rows begin. */
  public long endRow(long rows) {
    return boundary(number + 1, rows);
  }

  // The pairs of the rows from r on are (1 - r / rows)^2 of all. A square root is the same on every
  // machine (IEEE 754), so parts that are computed apart fit together.
  private long boundary(int part, long rows) {
    double left = Math.sqrt((double) (count - part + 1) / count);
    return part == 1 ? 0 : Math.round(rows * (1 - left));
  }

  @Override
  public String toString() {
    return number + "/" + count;
  }
}
