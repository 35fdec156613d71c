package dev.eigenseg.infer.segment;

/** Gives the logits of one window of a view. Thread-safe. */
@FunctionalInterface
interface WindowModel {
  /**
   * The logits of a window, at the view's resolution.
   *
   * @param top the window's first row
   * @param left the window's first column
   * @param threads that may work on it
   * @return logits that the caller owns
   */
  GridLogits logits(int top, int left, int threads);
}
