package dev.eigenseg.api;

import java.util.List;

/**
 * The classes of a ground truth, in index order.
 *
 * @param classes names and colours
 */
public record ClassList(List<NamedClass> classes) {
  /**
   * One class.
   *
   * @param name its name
   * @param rgb its colour, {@code 0xRRGGBB}
   */
  public record NamedClass(String name, int rgb) {}

  /** Copies the list. */
  public ClassList {
    classes = List.copyOf(classes);
  }

  /** The number of classes. */
  public int size() {
    return classes.size();
  }

  /** The name of a class. */
  public String name(int index) {
    return classes.get(index).name();
  }
}
