package dev.eigenseg.cli.mask;

import dev.eigenseg.api.ClassList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * A colour for each value of a label map that tells it from all others, where readers know classes
 * by their colours alone: black for 0, which is no class, then those of the classes. A colour that
 * is taken gives way to the next free one of Pascal VOC's palette.
 */
final class ClassColors {
  private ClassColors() {}

  /** The colours, {@code 0xRRGGBB}, of value 0 and of each class's index plus one. */
  static int[] of(ClassList classes) {
    int[] colors = new int[classes.size() + 1];
    Set<Integer> taken = new HashSet<>(Set.of(0));
    List<ClassList.NamedClass> named = classes.classes();
    for (int i = 0; i < named.size(); i++) {
      int color = named.get(i).rgb() & 0xFFFFFF;
      for (int next = i + 1; !taken.add(color); next++) {
        color = voc(next);
      }
      colors[i + 1] = color;
    }
    return colors;
  }

  /**
   * Pascal VOC's colour of a value: its bits, three at a time, from the highest of each channel.
   */
  private static int voc(int value) {
    int color = 0;
    for (int bit = 7, rest = value; bit >= 0; bit--, rest >>= 3) {
      color |= (rest & 1) << (16 + bit) | (rest >> 1 & 1) << (8 + bit) | (rest >> 2 & 1) << bit;
    }
    return color;
  }
}
