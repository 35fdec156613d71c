package dev.eigenseg.cli.session;

import dev.eigenseg.api.Progress;
import java.io.PrintStream;
import java.util.ArrayDeque;
import java.util.Deque;
import me.tongfei.progressbar.ProgressBar;
import me.tongfei.progressbar.ProgressBarBuilder;
import me.tongfei.progressbar.ProgressBarConsumer;
import me.tongfei.progressbar.ProgressBarStyle;

/**
 * Progress as a bar with rate and time left, redrawn in the last line of a terminal; of nested
 * tasks the innermost is drawn.
 */
final class TerminalProgress implements Progress {
  private static final int UPDATE_MILLIS = 250;
  private static final String CLEAR_LINE = "\r\u001b[K";

  private final PrintStream err;
  private final Cancellation cancellation;
  private final int width;
  private final Deque<Line> open = new ArrayDeque<>();

  TerminalProgress(PrintStream err, Cancellation cancellation, int width) {
    this.err = err;
    this.cancellation = cancellation;
    this.width = width;
  }

  @Override
  public boolean cancelled() {
    return cancellation.requested();
  }

  @Override
  public Task start(String name, long total, String unit) {
    Line line = new Line();
    synchronized (open) {
      open.push(line);
    }
    ProgressBar bar =
        new ProgressBarBuilder()
            .setTaskName(name)
            .setInitialMax(total)
            .setUnit(" " + unit, 1)
            .setUpdateIntervalMillis(UPDATE_MILLIS)
            .setStyle(ProgressBarStyle.ASCII)
            .showSpeed()
            .setConsumer(
                line) // a consumer of our own: the default one opens JLine's native terminal
            .build();
    return new Task() {
      @Override
      public void advance(long amount) {
        bar.stepBy(amount);
      }

      @Override
      public void close() {
        bar.close();
      }
    };
  }

  /** Makes room for a message. */
  void clearLine() {
    synchronized (open) {
      if (!open.isEmpty()) {
        err.print(CLEAR_LINE);
        err.flush();
      }
    }
  }

  private final class Line implements ProgressBarConsumer {
    private String last = "";

    @Override
    public int getMaxRenderedLength() {
      return width;
    }

    @Override
    public void accept(String text) {
      synchronized (open) {
        last = text;
        if (open.peek() == this) {
          err.print(CLEAR_LINE + text);
          err.flush();
        }
      }
    }

    @Override
    public void close() {
      synchronized (open) {
        boolean outermost = open.size() == 1;
        boolean drawn = open.peek() == this;
        open.remove(this);
        if (outermost) {
          err.println(CLEAR_LINE + last);
        } else if (drawn) {
          err.print(CLEAR_LINE);
        }
        err.flush();
      }
    }
  }
}
