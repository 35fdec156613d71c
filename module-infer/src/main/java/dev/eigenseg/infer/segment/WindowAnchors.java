package dev.eigenseg.infer.segment;

import dev.eigenseg.api.ImageGeometry.Size;
import java.util.stream.IntStream;

/** Where windows lie along the sides of a view. */
final class WindowAnchors {
  private WindowAnchors() {}

  /**
   * The first pixels of the windows along one side: all multiples of the stride below {@code length
   * - window}, then {@code length - window}.
   *
   * @param length at least the window
   */
  static int[] along(int length, int window, int stride) {
    int last = length - window;
    return IntStream.concat(
            IntStream.iterate(0, at -> at < last, at -> at + stride), IntStream.of(last))
        .toArray();
  }

  /**
   * The size of a view that holds windows: one whose smaller side is below the window is enlarged
   * so that this side equals it.
   */
  static Size enlarged(Size view, int window) {
    int smaller = Math.min(view.width(), view.height());
    if (smaller >= window) {
      return view;
    }
    return view.width() < view.height()
        ? new Size(window, scaled(view.height(), window, view.width()))
        : new Size(scaled(view.width(), window, view.height()), window);
  }

  // In whole numbers, so that a ratio such as 66 : 32 does not end just below.
  private static int scaled(int side, int window, int smaller) {
    return Math.toIntExact((long) side * window / smaller);
  }
}
