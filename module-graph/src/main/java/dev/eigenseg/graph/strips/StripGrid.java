package dev.eigenseg.graph.strips;

import dev.eigenseg.graph.rows.RowRange;

/**
 * The units of a search: pairs of strips of rows, each pair once. The strips of the range are
 * joined with themselves and with all strips behind them, also behind the range; row by row of this
 * triangle.
 *
 * @param range the rows that are joined with all behind them
 * @param rows all rows
 * @param stripRows rows of a strip, but for the last of the range and the last of all
 */
public record StripGrid(RowRange range, long rows, long stripRows) {
  /** Strips of the range. */
  public int rowStrips() {
    return Math.toIntExact(Math.ceilDiv(range.count(), stripRows));
  }

  /** Strips of the range and behind it. */
  public int strips() {
    return Math.toIntExact(rowStrips() + Math.ceilDiv(rows - range.end(), stripRows));
  }

  /** The rows of a strip. */
  public RowRange strip(int strip) {
    int own = rowStrips();
    long first =
        strip < own ? range.first() + strip * stripRows : range.end() + (strip - own) * stripRows;
    return new RowRange(first, Math.min(first + stripRows, strip < own ? range.end() : rows));
  }

  /** The strip of a row that is not before the range. */
  public int stripOf(long row) {
    long strip =
        row < range.end()
            ? (row - range.first()) / stripRows
            : rowStrips() + (row - range.end()) / stripRows;
    return Math.toIntExact(strip);
  }

  /** The unit in which a strip of the range meets itself; those with the strips behind follow. */
  public long firstUnit(int rowStrip) {
    return (long) rowStrip * strips() - (long) rowStrip * (rowStrip - 1) / 2;
  }

  /** All units. */
  public long units() {
    return firstUnit(rowStrips());
  }

  /** In how many of the first units a strip took part. */
  public long uses(int strip, long units) {
    int begun = 0;
    int end = rowStrips();
    while (begun < end) { // the last strip of the range whose first unit is not behind these
      int middle = (begun + end + 1) >>> 1;
      if (firstUnit(middle) <= units) {
        begun = middle;
      } else {
        end = middle - 1;
      }
    }
    long left = units - firstUnit(begun);
    if (strip < begun) {
      return strips(); // once with each, itself included
    }
    return strip == begun ? begun + left : begun + (left > strip - begun ? 1 : 0);
  }
}
