package dev.eigenseg.cli.session;

import dev.eigenseg.api.Progress;
import java.io.PrintStream;
import java.util.Locale;
import java.util.function.LongSupplier;

/**
 * Progress as plain lines, for logs: one every tenth of the work or every few seconds, whichever is
 * rarer, and one at the end.
 */
final class PlainProgress implements Progress {
  private static final long MIN_NANOS = 2_000_000_000L;
  private static final long MAX_NANOS = 15_000_000_000L;
  private static final long WORTH_A_LAST_LINE_NANOS = 1_000_000_000L;

  private final PrintStream err;
  private final Cancellation cancellation;
  private final LongSupplier nanoTime;

  PlainProgress(PrintStream err, Cancellation cancellation, LongSupplier nanoTime) {
    this.err = err;
    this.cancellation = cancellation;
    this.nanoTime = nanoTime;
  }

  @Override
  public boolean cancelled() {
    return cancellation.requested();
  }

  @Override
  public Task start(String name, long total, String unit) {
    return new Line(name, total, unit);
  }

  private final class Line implements Task {
    private final String name;
    private final long total;
    private final String unit;
    private final long start = nanoTime.getAsLong();
    private long done;
    private long lastDone;
    private long lastPrint = start;
    private boolean closed;

    Line(String name, long total, String unit) {
      this.name = name;
      this.total = total;
      this.unit = unit;
    }

    @Override
    public synchronized void advance(long amount) {
      done += amount;
      long now = nanoTime.getAsLong();
      boolean tenth = total > 0 && (done - lastDone) * 10 >= total;
      if (now - lastPrint >= (tenth ? MIN_NANOS : MAX_NANOS) && done < total) {
        print(now);
      } else if (total <= 0 && now - lastPrint >= MAX_NANOS) {
        print(now);
      }
    }

    private void print(long now) {
      lastPrint = now;
      lastDone = done;
      double seconds = (now - start) / 1e9;
      StringBuilder line = new StringBuilder(name).append(": ").append(done);
      if (total > 0) {
        line.append(" of ").append(total);
      }
      line.append(' ').append(unit);
      if (total > 0) {
        line.append(String.format(Locale.ROOT, ", %d %%", 100 * done / total));
      }
      line.append(", ").append(rate(seconds));
      if (total > 0 && done > 0) {
        line.append(", ").append(Durations.text(seconds * (total - done) / done)).append(" left");
      }
      err.println(line);
    }

    private String rate(double seconds) {
      double rate = done / Math.max(seconds, 1e-9);
      return String.format(Locale.ROOT, rate < 10 ? "%.2f %s/s" : "%.0f %s/s", rate, unit);
    }

    @Override
    public synchronized void close() {
      long nanos = nanoTime.getAsLong() - start;
      if (closed || nanos < WORTH_A_LAST_LINE_NANOS) {
        closed = true;
        return;
      }
      closed = true;
      err.println(
          "%s: %d %s in %s, %s"
              .formatted(name, done, unit, Durations.text(nanos / 1e9), rate(nanos / 1e9)));
    }
  }
}
